//! Charts: one picture a question, drawn twice, for wide pages and for phones.
//!
//! Expected is a light band, actual a dark line, forecast a fan. Axes begin at zero, intervals are
//! always drawn, labels stand beside what they name. Colours are the style sheet's.

pub mod ages;
pub mod answers;
pub mod arrivals;
pub mod chance;
pub mod course;
pub mod fan;
pub mod graded;
pub mod intervals;
mod lanes;
pub mod needs;
pub mod plot;
pub mod quarter;
pub mod reach;
pub mod relay;
pub mod track;
pub mod versions;
pub mod waterfall;
pub mod ways;

use crate::money::brief;
use crate::svg::{Anchor, Canvas, Scale};

/// How wide a drawing is meant to be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Wide,
    Narrow,
}

impl Size {
    pub fn width(self) -> f64 {
        match self {
            Size::Wide => 1_040.0,
            Size::Narrow => 350.0,
        }
    }

    pub fn is_wide(self) -> bool {
        self == Size::Wide
    }

    /// One of two numbers.
    pub fn pick<T>(self, wide: T, narrow: T) -> T {
        if self.is_wide() { wide } else { narrow }
    }
}

/// Where a part of a drawing leads on to; an empty address leads nowhere.
pub type To<'a, T> = &'a dyn Fn(&T) -> String;

/// For pages that stand alone.
pub fn nowhere<T>(_: &T) -> String {
    String::new()
}

/// A picture with what it shows and what that means.
pub struct Figure {
    pub wide: String,
    pub narrow: String,
    pub title: String,
    pub meaning: String,
    /// Its values and where the script lies that draws them, for who explores it; or nothing.
    pub exploring: Option<Exploring>,
}

/// What it takes to explore a figure.
pub struct Exploring {
    /// A [`plot::Plot`] as JSON.
    pub plot: String,
    pub script: String,
}

impl Figure {
    /// Draws a picture in both sizes. `id` is unique on the page.
    pub fn new(id: &str, title: &str, meaning: &str, draw: impl Fn(Size) -> Canvas) -> Figure {
        let drawing = |size: Size, class: &str| {
            draw(size).finish(&format!("{id}-{class}"), &format!("chart {class}"), title, meaning)
        };
        Figure {
            wide: drawing(Size::Wide, "wide"),
            narrow: drawing(Size::Narrow, "narrow"),
            title: title.to_owned(),
            meaning: meaning.to_owned(),
            exploring: None,
        }
    }
}

/// Horizontal rules with their amounts, and the line at zero.
fn amount_axis(canvas: &mut Canvas, scale: &Scale, left: f64, right: f64) {
    for tick in scale.ticks() {
        let y = scale.place(tick);
        let class = if tick == 0.0 { "axis" } else { "grid" };
        canvas.line(class, (left, y), (right, y));
        canvas.text("tick", Anchor::End, (left - 8.0, y + 4.0), &brief(tick));
    }
}

/// A text cut to a number of letters.
fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

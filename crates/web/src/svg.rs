//! Drawing: shapes with classes, which the style sheet colours, and axes with round ticks.
//!
//! Every shape may tell its exact value, which browsers show on hover. Coordinates are in units of
//! the view box, from the upper left corner.

use std::fmt::Write;

/// A drawing that is being made.
pub struct Canvas {
    pub width: f64,
    pub height: f64,
    body: String,
    leads_on: bool,
}

/// Where a text stands about its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Canvas {
        Canvas { width, height, body: String::new(), leads_on: false }
    }

    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(&format!(
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        ));
    }

    /// A bar between two corners in any order.
    pub fn bar(&mut self, class: &str, corner: (f64, f64), other: (f64, f64), tells: &str) {
        let (x, y) = (corner.0.min(other.0), corner.1.min(other.1));
        let (width, height) = ((corner.0 - other.0).abs(), (corner.1 - other.1).abs());
        let size = format!(r#"width="{width:.1}" height="{height:.1}""#);
        self.push(&format!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" {size}>{}</rect>"#,
            title(tells)
        ));
    }

    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tells: &str) {
        self.push(&format!(
            r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{radius}">{}</circle>"#,
            title(tells)
        ));
    }

    pub fn text(&mut self, class: &str, anchor: Anchor, (x, y): (f64, f64), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(&format!(
            r#"<text class="{class}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{}</text>"#,
            escaped(text)
        ));
    }

    /// A line through points.
    pub fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        self.push(&format!(r#"<path class="{class}" d="{}"/>"#, through(points)));
    }

    /// The area between an upper and a lower line over the same places.
    pub fn band(&mut self, class: &str, upper: &[(f64, f64)], lower: &[(f64, f64)], tells: &str) {
        let around: Vec<(f64, f64)> = upper.iter().chain(lower.iter().rev()).copied().collect();
        self.push(&format!(
            r#"<path class="{class}" d="{}Z">{}</path>"#,
            through(&around),
            title(tells)
        ));
    }

    /// A band of one height between two places, bent so that it leaves and reaches them level.
    /// The places are its upper corners.
    pub fn ribbon(
        &mut self,
        class: &str,
        (x1, y1): (f64, f64),
        (x2, y2): (f64, f64),
        height: f64,
        tells: &str,
    ) {
        let middle = (x1 + x2) / 2.0;
        let (low1, low2) = (y1 + height, y2 + height);
        let upper =
            format!("M{x1:.1} {y1:.1}C{middle:.1} {y1:.1} {middle:.1} {y2:.1} {x2:.1} {y2:.1}");
        let lower = format!(
            "L{x2:.1} {low2:.1}C{middle:.1} {low2:.1} {middle:.1} {low1:.1} {x1:.1} {low1:.1}Z"
        );
        self.push(&format!(r#"<path class="{class}" d="{upper}{lower}">{}</path>"#, title(tells)));
    }

    /// Shapes under one name, which lead on to an address unless that is empty. The shapes tell
    /// nothing themselves: the name is told once.
    pub fn leading(&mut self, href: &str, name: &str, draw: impl FnOnce(&mut Canvas)) {
        let named = title(name);
        if href.is_empty() {
            self.push(&format!("<g>{named}"));
            draw(self);
            return self.push("</g>");
        }
        self.leads_on = true;
        let (href, told) = (escaped(href), escaped(name));
        self.push(&format!(r#"<a href="{href}" aria-label="{told}">{named}"#));
        draw(self);
        self.push("</a>");
    }

    /// A dot that leads on, with room about it for a finger.
    pub fn leading_dot(&mut self, class: &str, at: (f64, f64), href: &str, tells: &str) {
        self.leading(href, tells, |canvas| {
            if !href.is_empty() {
                canvas.dot("hit", at, 11.0, "");
            }
            canvas.dot(class, at, 3.5, "");
        });
    }

    fn push(&mut self, shape: &str) {
        self.body.push_str(shape);
        self.body.push('\n');
    }

    /// The drawing as an element of a page. `id` is unique on the page. What lies within a picture
    /// is read to nobody, so that a drawing that leads on is a group.
    pub fn finish(self, id: &str, class: &str, name: &str, description: &str) -> String {
        let role = if self.leads_on { "group" } else { "img" };
        let told = format!(r#"role="{role}" aria-labelledby="{id}-t {id}-d""#);
        format!(
            r#"<svg class="{class}" viewBox="0 0 {} {}" {told}>
<title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>
{}</svg>"#,
            self.width,
            self.height,
            escaped(name),
            escaped(description),
            self.body
        )
    }
}

fn title(tells: &str) -> String {
    if tells.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(tells)) }
}

fn through(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        // Writing to a text cannot fail.
        let _ = write!(path, "{step}{x:.1} {y:.1}");
    }
    path
}

/// A text that is safe in elements and attributes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// From values to places along one axis.
#[derive(Clone, Copy)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub start: f64,
    pub end: f64,
}

impl Scale {
    /// From zero to a round number at or above `high`.
    pub fn from_zero(high: f64, start: f64, end: f64) -> Scale {
        let high = if high > 0.0 { high } else { 1.0 };
        let step = step(high);
        Scale { low: 0.0, high: (high / step).ceil().max(1.0) * step, start, end }
    }

    pub fn place(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.start + share * (self.end - self.start)
    }

    /// Round values along the axis, its ends among them.
    pub fn ticks(&self) -> Vec<f64> {
        let step = step(self.high - self.low);
        let count = ((self.high - self.low) / step).round() as usize;
        (0..=count).map(|index| self.low + index as f64 * step).collect()
    }
}

/// A round step of which some four make up `length`.
fn step(length: f64) -> f64 {
    let rough = length / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(high: f64, ticks: &[f64]) {
        let scale = Scale::from_zero(high, 0.0, 100.0);
        assert_eq!(scale.ticks(), ticks, "up to {high}");
        assert_eq!(scale.place(scale.high), 100.0);
    }

    #[test]
    fn axes_begin_at_zero_and_have_few_round_ticks() {
        check(3.1, &[0.0, 1.0, 2.0, 3.0, 4.0]);
        check(100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(1_291.0, &[0.0, 500.0, 1_000.0, 1_500.0]);
        check(0.0, &[0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn what_a_file_says_cannot_become_markup() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text("a", Anchor::Start, (0.0, 0.0), "<script>\"&'");
        canvas.dot("a", (0.0, 0.0), 1.0, "</title><b>");
        let svg = canvas.finish("x", "c", "<i>", "\"");
        assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
        assert!(svg.contains("&lt;script&gt;&quot;&amp;&#39;"));
    }
}

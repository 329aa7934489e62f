//! How fast leads were answered, and what came of them: a bar for how many, a dot for how many of
//! these became a deal.

use reports::render::grouped;
use reports::review::leads::{Answers, Bucket};

use super::Size;
use crate::svg::{Anchor, Canvas, Scale};

pub fn draw(answers: &Answers, size: Size) -> Canvas {
    let (width, height) = (size.width(), size.pick(290.0, 240.0));
    let (left, right) = (8.0, width - 8.0);
    let most = answers.buckets.iter().map(|bucket| bucket.answered).max().unwrap_or(0);
    let counts = Scale::from_zero(most as f64, height - 52.0, 40.0);
    let mut canvas = Canvas::new(width, height);
    canvas.line("axis", (left, counts.place(0.0)), (right, counts.place(0.0)));
    let slot = (right - left) / answers.buckets.len().max(1) as f64;
    for (index, bucket) in answers.buckets.iter().enumerate() {
        draw_bucket(&mut canvas, bucket, (left + slot * index as f64, slot), &counts, size);
    }
    canvas
}

fn draw_bucket(
    canvas: &mut Canvas,
    bucket: &Bucket,
    (start, slot): (f64, f64),
    counts: &Scale,
    size: Size,
) {
    let inset = slot * 0.14;
    let (from, to) = (start + inset, start + slot - inset);
    let (bottom, top) = (counts.place(0.0), counts.place(bucket.answered as f64));
    let share = bucket.rate.map_or(0.0, |rate| rate.share * 100.0);
    let tells = format!(
        "answered {}: {}, of which {} became a deal ({share:.1} %)",
        bucket.name,
        grouped(&bucket.answered.to_string()),
        bucket.became_deals
    );
    canvas.bar("bar past", (from, top), (to, bottom), &tells);
    canvas.bar("bar open", (from, counts.place(bucket.became_deals as f64)), (to, bottom), &tells);
    let middle = start + slot / 2.0;
    let share = format!("{share:.0} %");
    canvas.text("label strong accent", Anchor::Middle, (middle, top - 22.0), &share);
    let answered = grouped(&bucket.answered.to_string());
    canvas.text("tick", Anchor::Middle, (middle, top - 7.0), &answered);
    let words: Vec<&str> = bucket.name.split(' ').collect();
    let lines = if size.is_wide() { vec![bucket.name.to_owned()] } else { broken(&words) };
    for (line, words) in lines.iter().enumerate() {
        let y = bottom + 18.0 + line as f64 * 14.0;
        canvas.text("tick", Anchor::Middle, (middle, y), words);
    }
}

/// The first word, and the rest.
fn broken(words: &[&str]) -> Vec<String> {
    match words {
        [first, rest @ ..] if !rest.is_empty() => vec![(*first).to_owned(), rest.join(" ")],
        all => vec![all.join(" ")],
    }
}

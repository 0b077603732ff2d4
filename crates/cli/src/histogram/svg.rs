//! A histogram as an SVG picture: text and rectangles, no script, no font of its own.

use std::fmt::Write as _;

use super::Histogram;
use super::bins::float;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 84.0;
/// Horizontal lines above the axis, about.
const LINES: f64 = 5.0;
/// Labels below the axis, at most.
const LABELS: usize = 12;

/// The picture.
pub(crate) fn draw(histogram: &Histogram) -> String {
    let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let column = escape(&histogram.column);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <title>Distribution of {column}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"18\">{column}</text>\n\
         <text x=\"{LEFT}\" y=\"48\" fill=\"#666\">{}</text>\n",
        escape(&histogram.summary)
    );
    let step = tick(histogram.highest());
    let top = histogram.highest().div_ceil(step).max(1) * step;
    let y = |count: u64| TOP + height * (1.0 - ratio(count, top));
    for count in (0..=top / step).map(|line| line * step) {
        let at = y(count);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>",
            LEFT + width,
            LEFT - 8.0,
            at + 4.0
        );
    }
    let slot = width / float(histogram.bars.len().max(1));
    let every = histogram.bars.len().div_ceil(LABELS).max(1);
    for (at, bar) in histogram.bars.iter().enumerate() {
        let x = LEFT + slot * float(at);
        let top = y(bar.count);
        let label = escape(&bar.label);
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#3b7dd8\">\
             <title>{label}: {}</title></rect>",
            x + slot * 0.04,
            slot * 0.92,
            TOP + height - top,
            bar.count
        );
        if at % every == 0 {
            let (x, y) = (x + slot / 2.0, TOP + height + 16.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" \
                 transform=\"rotate(-35 {x:.1} {y:.1})\">{label}</text>"
            );
        }
    }
    let bottom = TOP + height;
    let _ = writeln!(
        svg,
        "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{bottom}\" y2=\"{bottom}\" stroke=\"#222\"/>\n</svg>",
        LEFT + width
    );
    svg
}

/// Distance of the horizontal lines: 1, 2 or 5 times a power of ten.
fn tick(highest: u64) -> u64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power * factor;
            if ratio(highest, step) <= LINES {
                return step;
            }
        }
        power *= 10;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture has fewer pixels than a float has steps"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Text as XML has it; characters that XML does not know become blanks.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Bar;

    fn histogram(bars: Vec<Bar>) -> Histogram {
        Histogram {
            column: "a<b> & \"c\"\u{1}".to_owned(),
            summary: "2 values".to_owned(),
            bars,
        }
    }

    #[test]
    fn every_bar_is_drawn_and_text_is_escaped() {
        let bar = |label: &str, count| Bar {
            label: label.to_owned(),
            bounds: None,
            count,
        };
        let svg = draw(&histogram(vec![bar("x", 7), bar("</svg>", 3)]));
        assert_eq!(svg.matches("fill=\"#3b7dd8\"").count(), 2);
        assert_eq!(svg.matches("</svg>").count(), 1);
        assert!(svg.contains("a&lt;b&gt; &amp; &quot;c&quot; </text>"));
        assert!(svg.contains("<title>x: 7</title>"));
    }

    #[test]
    fn no_bars_are_a_picture_too() {
        let svg = draw(&histogram(Vec::new()));
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    }

    #[test]
    fn lines_are_few_and_round() {
        for (highest, step) in [
            (0, 1),
            (1, 1),
            (5, 1),
            (6, 2),
            (26, 10),
            (83, 20),
            (5001, 2000),
        ] {
            assert_eq!(tick(highest), step);
        }
    }
}

//! A place in a file, drawn by itself: where a statement that failed was written.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Paint;
use super::visible::trusted;
use crate::database_url::masked;
use crate::diagnostic::{Sources, Span};

/// The most lines that are drawn of a place.
const MOST_LINES: usize = 4;

/// The lines a span is on, with the span underlined; empty where it is no place.
#[must_use]
pub fn draw(span: Span, sources: &Sources, paint: Paint) -> String {
    let Some(source) = sources.get(span.file) else { return String::new() };
    let (start, end) = (span.start as usize, span.end as usize);
    let Some(text) = source.text.get(start..end) else { return String::new() };
    let shown: usize = text.split_inclusive('\n').take(MOST_LINES).map(str::len).sum();
    let shown = text.get(..shown).unwrap_or_default().trim_end().len();
    let snippet = Snippet::source(masked(&source.text))
        .path(source.path.as_str())
        .annotation(AnnotationKind::Primary.span(start..start + shown));
    let renderer = if paint.color { Renderer::styled() } else { Renderer::plain() };
    trusted(&renderer.term_width(paint.width).render(&[Group::with_level(Level::ERROR).element(snippet)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_underlined() {
        let mut sources = Sources::default();
        let file = sources.add("migrations/1_a.toml", "requires = []\ndown = \"DROP\"\n");
        let drawn = draw(Span::new(file, 21..27), &sources, Paint::default());
        assert!(drawn.contains("migrations/1_a.toml:2:8") && drawn.contains("^^^^^^"), "{drawn}");
    }

    #[test]
    fn no_place_draws_nothing() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "é");
        assert_eq!(draw(Span::NONE, &sources, Paint::default()), "");
        assert_eq!(draw(Span::new(file, 1..2), &sources, Paint::default()), "");
        assert_eq!(draw(Span::new(file, 1..200), &sources, Paint::default()), "");
    }

    #[test]
    fn a_long_place_is_cut() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "a\nb\nc\nd\ne\nf\ng\n");
        let drawn = draw(Span::new(file, 0..14), &sources, Paint::default());
        assert!(drawn.contains('d') && !drawn.contains('f'), "{drawn}");
    }
}

//! Diagnostics for people: the finding, its places drawn in their files, and what to do.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Paint;
use super::visible::trusted;
use super::words;
use crate::backend::Backend;
use crate::database_url::masked;
use crate::diagnostic::{Diagnostic, Direction, FileId, Label, Severity, Source, Sources};

/// A text of more lines than this is marked on its first line only.
const MOST_LINES: usize = 6;

/// Diagnostics as text, an empty line behind each; empty for none. Files are drawn from `sources`.
#[must_use]
pub fn render_text(diagnostics: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    let renderer = if paint.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(paint.width);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&trusted(&renderer.render(&[group(diagnostic, sources, paint.width)])));
        text.push_str("\n\n");
    }
    text
}

/// Findings of several plans (up and down, on several backends), each told once, with its worst
/// severity: what was found on all of `backends` names none of them. The order stays that of
/// the first finding of each.
#[must_use]
pub fn merged(found: Vec<Diagnostic>, backends: &[Backend]) -> Vec<Diagnostic> {
    let mut merged: Vec<(Diagnostic, HashSet<Backend>)> = Vec::new();
    let mut by_key: HashMap<_, Vec<usize>> = HashMap::new();
    for diagnostic in found {
        let place = diagnostic.labels.first().map(|label| label.span);
        let key = (diagnostic.code, diagnostic.message.clone(), diagnostic.migration.clone(), place);
        let at = by_key.entry(key).or_default();
        let same = at.iter().find(|at| {
            merged.get(**at).is_some_and(|(other, _)| {
                let Diagnostic { backend, direction, severity, .. } = diagnostic;
                Diagnostic { severity, backend, direction, ..other.clone() } == diagnostic
            })
        });
        match same.and_then(|at| merged.get_mut(*at)) {
            Some((first, on)) => {
                // Errors are the least.
                first.severity = first.severity.min(diagnostic.severity);
                on.extend(diagnostic.backend);
            }
            None => {
                at.push(merged.len());
                let on = diagnostic.backend.into_iter().collect();
                merged.push((diagnostic, on));
            }
        }
    }
    merged
        .into_iter()
        .flat_map(|(diagnostic, on)| {
            let everywhere =
                on.is_empty() || (backends.len() > 1 && backends.iter().all(|backend| on.contains(backend)));
            let mut on: Vec<Option<Backend>> = on.into_iter().map(Some).collect();
            on.sort_unstable();
            if everywhere {
                on = vec![None];
            }
            on.into_iter().map(move |backend| Diagnostic { backend, ..diagnostic.clone() })
        })
        .collect()
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, width: usize) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(words::one_line(&diagnostic.message)).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    // One drawing for each file, in the order in which the labels name them.
    let mut files: Vec<FileId> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for file in files {
        let Some(source) = sources.get(file) else { continue };
        if source.text.trim().is_empty() {
            group = group.element(Origin::path(source.path.as_str()));
            continue;
        }
        let here = diagnostic.labels.iter().enumerate().filter(|(_, label)| label.span.file == file);
        let annotations = here.map(|(at, label)| {
            let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range(label, source));
            if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
        });
        let snippet = Snippet::source(masked(&source.text)).path(source.path.as_str());
        group = group.element(snippet.annotations(annotations));
    }
    for note in notes(diagnostic) {
        group = group.element(Level::NOTE.message(fold(&note, width)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(fold(help, width)));
    }
    group
}

/// A text that is too wide beside `= note: ` in lines; one that is not as it stands.
fn fold(text: &str, width: usize) -> String {
    const BESIDE: usize = 14;
    let room = width.saturating_sub(BESIDE).max(40);
    if text.lines().all(|line| words::width_of(line) <= room) {
        return text.to_owned();
    }
    // What stands in backquotes is one word.
    const BOUND: &str = "\u{e000}";
    let bound: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { part.replace(' ', BOUND) } else { part.to_owned() })
        .collect();
    words::wrap(&bound.join("`"), room).join("\n").replace(BOUND, " ")
}

/// The facts below the drawing: where and when it holds, then the diagnostic's own.
fn notes(diagnostic: &Diagnostic) -> Vec<String> {
    let mut notes = Vec::new();
    if diagnostic.labels.is_empty()
        && let Some(migration) = &diagnostic.migration
    {
        notes.push(format!("in the migration `{migration}`"));
    }
    // Going up is what everyone thinks of first.
    match (diagnostic.backend, diagnostic.direction.filter(|_| !diagnostic.code.is_of_the_way_down())) {
        (Some(backend), Some(Direction::Down)) => notes.push(format!("on {}, going down", backend.title())),
        (Some(backend), _) => notes.push(format!("on {}", backend.title())),
        (None, Some(Direction::Down)) => notes.push("going down".to_owned()),
        (None, _) => {}
    }
    notes.extend(diagnostic.notes.iter().cloned());
    notes
}

/// A label's bytes, inside the text and between characters.
fn range(label: &Label, source: &Source) -> Range<usize> {
    let text = source.text.as_str();
    let boundary = |byte: u32| {
        let mut byte = (byte as usize).min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    let (start, end) = (boundary(label.span.start), boundary(label.span.end));
    let marked = text.get(start..end).unwrap_or_default();
    if marked.matches('\n').count() >= MOST_LINES {
        let line = marked.find('\n').unwrap_or(marked.len());
        return start..start + line;
    }
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Span};

    fn sources() -> (Sources, FileId, FileId) {
        let mut sources = Sources::default();
        let a = sources.add("migrations/1_a.toml", "[[up]]\ncreate_index = \"slugs\"\ncolumns = [\"slug\"]\n");
        let b = sources.add("migrations/2_b.toml", "[[up]]\r\ndrop_column = \"posts.slug\"\r\n");
        (sources, a, b)
    }

    #[test]
    fn both_files_of_a_finding_are_drawn() {
        let (sources, a, b) = sources();
        let diagnostic = Diagnostic::new(Code::StillReferenced, "`posts.slug` is still used by the index `slugs`")
            .at(Span::new(b, 22..34), "dropped here")
            .at(Span::new(a, 42..48), "used here")
            .on(Backend::Postgres)
            .note("an index goes before its column")
            .help("drop the index `slugs` first");
        insta::assert_snapshot!(render_text(&[diagnostic], &sources, Paint::default()), @r#"
        error[still-referenced]: `posts.slug` is still used by the index `slugs`
         --> migrations/2_b.toml:2:15
          |
        2 | drop_column = "posts.slug"
          |               ^^^^^^^^^^^^ dropped here
          |
         ::: migrations/1_a.toml:3:13
          |
        3 | columns = ["slug"]
          |             ------ used here
          |
          = note: on PostgreSQL
          = note: an index goes before its column
          = help: drop the index `slugs` first
        "#);
    }

    #[test]
    fn places_outside_the_text_and_inside_characters_are_drawn_somewhere() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "name = \"é\"\n");
        let empty = sources.add("b.toml", "");
        for range in [0..0, 9..10, 8..9, 500..900, 11..11] {
            for file in [file, empty, FileId(9)] {
                let diagnostic = Diagnostic::new(Code::WrongValue, "x").at(Span::new(file, range.clone()), "here");
                let text = render_text(&[diagnostic], &sources, Paint { color: true, width: 20 });
                assert!(text.contains("wrong-value"), "{text}");
            }
        }
    }

    #[test]
    fn what_is_found_on_all_backends_is_told_once_and_names_none() {
        let both = [Backend::Sqlite, Backend::Postgres];
        let found = |message: &str, backend| Diagnostic::new(Code::UnknownTable, message).on(backend);
        let all = vec![
            found("everywhere", Backend::Sqlite),
            found("here only", Backend::Sqlite),
            found("everywhere", Backend::Postgres),
        ];
        let told: Vec<_> = merged(all.clone(), &both).into_iter().map(|one| (one.message, one.backend)).collect();
        assert_eq!(told, [("everywhere".to_owned(), None), ("here only".to_owned(), Some(Backend::Sqlite))]);
        let one = merged(all.into_iter().take(1).collect(), &both[..1]);
        assert_eq!(one.first().and_then(|one| one.backend), Some(Backend::Sqlite));
    }
}

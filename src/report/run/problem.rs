//! Why something was not done, in the order a person needs it: what, the facts, a place, what to do next.

use std::io::{self, Write};

use crate::report::{Paint, words};

/// Anything that ends a command other than well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// What happened, in a sentence without a full stop.
    pub title: String,
    /// Labels and what they say: `migration`, `statement`, the backend's name.
    pub facts: Vec<(String, String)>,
    /// Sentences by themselves.
    pub notes: Vec<String>,
    /// A drawn place, as it is to be shown.
    pub place: String,
    /// What to type or do next.
    pub next: Option<String>,
}

impl Problem {
    /// A problem with nothing but its title yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.facts.push((label.into(), text.into()));
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, text: Option<String>) -> Self {
        self.next = text;
        self
    }

    pub fn write(&self, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let lines = lines_of(&self.title, paint.width.saturating_sub(7));
        for (at, line) in lines.iter().enumerate() {
            if at == 0 {
                writeln!(out, "{}{}", paint.bad("error: "), paint.strong(line))?;
            } else {
                writeln!(out, "  {}", paint.strong(line))?;
            }
        }
        let label = self.facts.iter().map(|(label, _)| words::width_of(label)).max().unwrap_or_default();
        for (name, text) in &self.facts {
            for (at, line) in lines_of(text, paint.width.saturating_sub(label + 4)).iter().enumerate() {
                writeln!(out, "  {}  {line}", words::pad(if at == 0 { name } else { "" }, label))?;
            }
        }
        if !self.place.is_empty() {
            writeln!(out, "{}", self.place.trim_end())?;
        }
        for note in &self.notes {
            for line in lines_of(note, paint.width.saturating_sub(2)) {
                writeln!(out, "  {line}")?;
            }
        }
        if let Some(next) = &self.next {
            for (at, line) in lines_of(next, paint.width.saturating_sub(8)).iter().enumerate() {
                writeln!(out, "  {}{line}", if at == 0 { paint.good("next: ") } else { "      ".to_owned() })?;
            }
        }
        Ok(())
    }
}

/// A text's own lines, each wrapped.
fn lines_of(text: &str, width: usize) -> Vec<String> {
    let wrapped = |line: &str| {
        let indent: String = line.chars().take_while(|c| *c == ' ').take(20).collect();
        let lines = words::wrap(line, width.saturating_sub(indent.len()).max(20));
        lines.into_iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>()
    };
    text.lines().flat_map(wrapped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_like_a_screen() {
        let problem = Problem::new("this database is stamped `production`, and you asked for `development`")
            .fact("database", "postgres://app@db.internal/blog")
            .note("nothing was changed")
            .next(Some("`--env production`, if that is what you mean".into()));
        let mut out = Vec::new();
        problem.write(Paint::default(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "error: this database is stamped `production`, and you asked for `development`\n  \
             database  postgres://app@db.internal/blog\n  nothing was changed\n  \
             next: `--env production`, if that is what you mean\n"
        );
    }
}

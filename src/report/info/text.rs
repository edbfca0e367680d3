//! `info` as a table that a person likes to read.

use std::io::{self, Write};

use super::InfoPage;
use crate::ident::Version;
use crate::plan::{InfoRow, InfoState};
use crate::report::{Paint, words};

/// The least and, where the terminal is narrow, the only columns for a name.
const LEAST_NAME: usize = 12;

/// Writes the table.
pub fn write_text(page: &InfoPage<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let info = page.info;
    let environment = page.about.environment.as_deref().unwrap_or("no environment");
    writeln!(
        out,
        "{}",
        paint.strong(&format!("Migrations of {} · {environment} · {}", page.about.project, page.backend))
    )?;
    let version = |version: Option<Version>| version.map_or_else(|| "0".to_owned(), |version| version.to_string());
    let mut counts = vec![
        format!("current {}{}", version(info.current_version), if info.exact { "" } else { " and beyond" }),
        format!("latest {}", version(info.latest_version)),
        format!("{} applied", words::number(info.applied as u64)),
        format!("{} pending", words::number(info.pending as u64)),
    ];
    let half_way = info.migrations.iter().filter(|row| row.state.is_half_way()).count();
    if half_way > 0 {
        counts.push(format!("{} half-way", words::number(half_way as u64)));
    }
    if info.orphaned > 0 {
        counts.push(format!("{} orphaned", words::number(info.orphaned as u64)));
    }
    for line in words::wrap_items(&counts, " · ", paint.width.saturating_sub(2)) {
        writeln!(out, "  {line}")?;
    }
    if info.migrations.is_empty() {
        return writeln!(out, "\n  no migrations yet; `create NAME` writes one");
    }
    let rows: Vec<Line> = info.migrations.iter().map(Line::of).collect();
    let state = widest(rows.iter().map(|row| row.state.as_str()), "state");
    let version = widest(rows.iter().map(|row| row.version.as_str()), "version");
    let at = widest(rows.iter().map(|row| row.at.as_str()), "applied at");
    let marks = widest(rows.iter().map(|row| row.marks.as_str()), "");
    let taken = 2 + state + 2 + version + 2 + 2 + at + if marks > 0 { 2 + marks } else { 0 };
    let name = widest(rows.iter().map(|row| row.name), "name").min(paint.width.saturating_sub(taken).max(LEAST_NAME));
    writeln!(out)?;
    let head = format!("  {:state$}  {:version$}  {:name$}  applied at", "state", "version", "name");
    writeln!(out, "{}", paint.dim(head.trim_end()))?;
    for row in &rows {
        let name = words::pad(&words::fit(row.name, name), name);
        let state = paint_state(paint, row.of, &format!("{:state$}", row.state));
        write!(out, "  {state}  {:version$}  {name}  ", row.version)?;
        if row.marks.is_empty() {
            writeln!(out, "{}", row.at)?;
        } else {
            writeln!(out, "{:at$}  {}", row.at, paint.warn(&row.marks))?;
        }
    }
    for row in info.migrations.iter().filter(|row| row.progress.is_some()) {
        interrupted(row, paint, out)?;
    }
    Ok(())
}

/// The width of a column: of its widest cell or its title.
fn widest<'a>(cells: impl Iterator<Item = &'a str>, title: &str) -> usize {
    cells.map(words::width_of).max().unwrap_or_default().max(title.len())
}

struct Line<'a> {
    of: InfoState,
    state: String,
    version: String,
    name: &'a str,
    at: String,
    marks: String,
}

impl<'a> Line<'a> {
    fn of(row: &'a InfoRow) -> Self {
        let mut state = row.state.as_str().to_owned();
        if let Some(progress) = row.progress.as_ref().filter(|_| row.state != InfoState::Applied) {
            state.push_str(&format!(" {}/{}", progress.done, progress.of));
        }
        let marks: Vec<_> =
            [(row.orphaned, "orphaned"), (row.up_edited, "up-edited"), (row.down_edited, "down-edited")]
                .into_iter()
                .filter_map(|(is, mark)| is.then_some(mark))
                .collect();
        Self {
            of: row.state,
            state,
            version: row.version.to_string(),
            name: &row.name,
            at: row.applied_at.as_deref().map_or_else(|| "-".to_owned(), to_the_minute),
            marks: marks.join(", "),
        }
    }
}

fn paint_state(paint: Paint, state: InfoState, text: &str) -> String {
    match state {
        InfoState::Applied => paint.good(text),
        InfoState::Pending => paint.warn(text),
        InfoState::Applying | InfoState::Reverting => paint.bad(text),
    }
}

/// `2026-01-14 10:15` of an RFC 3339 time in UTC.
fn to_the_minute(time: &str) -> String {
    time.get(..16).map_or_else(|| time.to_owned(), |time| time.replace('T', " "))
}

fn interrupted(row: &InfoRow, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Some(progress) = &row.progress else { return Ok(()) };
    let way = if row.state == InfoState::Reverting { "down" } else { "up" };
    let (version, name, done, of) = (row.version, &row.name, progress.done, progress.of);
    let text = format!("{version} {name} was interrupted on its way {way}: {done} of {of} statements ran");
    for (at, line) in words::wrap(&text, paint.width.saturating_sub(4)).iter().enumerate() {
        if at == 0 {
            writeln!(out, "\n  {} {line}", paint.bad("!"))?;
        } else {
            writeln!(out, "    {line}")?;
        }
    }
    if let Some(statement) = progress.unknown {
        writeln!(out, "    nothing tells whether statement {statement} took effect: look at the database, then")?;
        writeln!(out, "    `dbmigrate resolve {version} --statement {statement} --ran` or `--not-ran`")?;
    }
    Ok(())
}

//! The two streams: results to stdout, everything else to stderr; colours, width, and a
//! reader who has gone away.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};

use super::args::{Color, Format, Global};
use super::error::{Error, UserError};
use crate::database_url::masked;
use crate::report::run::{Problem, Talk};
use crate::report::{Paint, Visible};

/// The narrowest and the widest that text is set for.
const WIDTHS: (usize, usize) = (40, 120);

/// How to talk to whoever started this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Console {
    /// For stdout.
    pub out: Paint,
    /// For stderr.
    pub err: Paint,
    /// What results look like.
    pub format: Format,
    /// Whether a person can be asked: stdin and stderr are a terminal.
    pub can_ask: bool,
    /// How much to say.
    pub talk: Talk,
}

impl Console {
    /// Looks at the streams and the flags.
    #[must_use]
    pub(super) fn new(global: &Global) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let width = width();
        let paint = |auto: ColorChoice| Paint {
            color: match global.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => auto != ColorChoice::Never,
            },
            width,
        };
        Self {
            out: paint(AutoStream::choice(&stdout)),
            err: paint(AutoStream::choice(&stderr)),
            format: global.format,
            can_ask: io::stdin().is_terminal() && stderr.is_terminal(),
            talk: Talk { terminal: stderr.is_terminal(), verbose: global.verbose, quiet: global.quiet },
        }
    }

    /// Whether results are JSON.
    #[must_use]
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Refuses formats that a command does not have. `text` and `json` every one takes, though `completions` and `man` write
    /// their own.
    ///
    /// # Errors
    /// The format asked for is another command's.
    pub(super) fn has_format(&self, command: &'static str, own: &[Format]) -> Result<(), UserError> {
        let whose = match self.format {
            Format::Text | Format::Json => return Ok(()),
            Format::Sql => "plans and `schema`",
            Format::Markdown => "plans",
            Format::Toml => "`schema`",
            Format::Sarif | Format::Github => "`check`",
            Format::Dot | Format::Mermaid => "`graph`",
        };
        if own.contains(&self.format) {
            return Ok(());
        }
        Err(UserError::Format { format: self.format.name(), whose, command })
    }

    /// Writes what a command is for to stdout; in text for people, what steers a terminal is shown. A reader who has seen
    /// enough (`| head`) is no error.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn result(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let for_people = matches!(self.format, Format::Text | Format::Markdown);
        self.exact(|out| if for_people { write(&mut Visible(out)) } else { write(out) })
    }

    /// As [`Console::result`], byte by byte as it is: for files and other programs.
    ///
    /// # Errors
    /// As [`Console::result`].
    pub(super) fn exact(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Error::Output),
        }
    }

    /// Writes to stdout what a command that changes something does. Where it cannot be written, a warning says so: that
    /// neither stops the change nor alters its exit code. It is said once.
    pub(super) fn report(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        static SAID: AtomicBool = AtomicBool::new(false);
        if let Err(error) = self.result(write)
            && !SAID.swap(true, Ordering::Relaxed)
        {
            self.say(&format!("{}: {error}", self.err.warn("warning")));
        }
    }

    /// Writes a line of that.
    pub(super) fn line(&self, text: &str) {
        self.report(|out| writeln!(out, "{text}"));
    }

    /// Says something on stderr. Nobody there to hear it is no error.
    pub(super) fn say(&self, text: &str) {
        let _ = writeln!(Visible(io::stderr().lock()), "{}", text.trim_end());
    }

    /// Shows a problem on stderr.
    pub(super) fn problem(&self, problem: &Problem) {
        let mut text = Vec::new();
        let _ = problem.write(self.err, &mut text);
        // What was typed is repeated in some; it may be a URL.
        let _ = Visible(io::stderr().lock()).write_all(masked(&String::from_utf8_lossy(&text)).as_bytes());
    }

    /// Asks a person for a line; `None` where there is none.
    #[must_use]
    pub(super) fn ask(&self, question: &str) -> Option<String> {
        let mut err = Visible(io::stderr().lock());
        let _ = write!(err, "{question}");
        let _ = err.flush();
        let mut answer = String::new();
        match io::stdin().read_line(&mut answer) {
            Ok(read) if read > 0 => Some(answer.trim().to_owned()),
            _ => None,
        }
    }
}

fn width() -> usize {
    let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    columns.clamp(WIDTHS.0, WIDTHS.1)
}

//! The parameters that a server's URL may have: libpq's and the MySQL client's own names, in any spelling.

use super::error::UrlFault;
use crate::backend::Backend;
use crate::diagnostic::{listed, nearest};

/// What a URL says of a server, whether before the `?` or behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parameter {
    /// The name to log in with.
    User,
    Password,
    /// The host; on PostgreSQL a folder of sockets, where it starts with a slash.
    Host,
    Port,
    Database,
    /// MySQL: the socket.
    Socket,
    Tls,
    /// The file of the certificate authorities to trust.
    RootCertificate,
    /// The file of the client's certificate.
    Certificate,
    /// The file of the client's key.
    Key,
    /// PostgreSQL: what the server shows to others.
    ApplicationName,
    /// PostgreSQL: settings of the session.
    Options,
    /// Something that applications set and a run has a fixed value for.
    Fixed,
}

impl Parameter {
    /// Whether messages may hold its value.
    pub(super) const fn is_shown(self) -> bool {
        !matches!(self, Self::Password | Self::Key | Self::Options)
    }
}

/// How much a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not.
    Disable,
    /// PostgreSQL: where the server insists.
    Allow,
    /// Where the server can.
    Prefer,
    /// Always.
    Require,
    /// Always, and the server's certificate is checked.
    VerifyCa,
    /// Always, and the server's certificate is checked to be that host's.
    VerifyFull,
}

impl Tls {
    /// What is wanted of a value of `sslmode`, in any of its spellings.
    pub(super) fn read(value: &str) -> Option<Self> {
        Some(match plain(value).as_str() {
            "disable" | "disabled" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" | "preferred" => Self::Prefer,
            "require" | "required" => Self::Require,
            "verifyca" => Self::VerifyCa,
            "verifyfull" | "verifyidentity" => Self::VerifyFull,
            _ => return None,
        })
    }

    /// libpq's word for it.
    #[must_use]
    pub const fn libpq(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A name without what spellings differ in.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !"-_".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
}

/// The names on a backend; the first that means a parameter is the one to be recommended.
const fn names(backend: Backend) -> &'static [(&'static str, Parameter)] {
    match backend {
        Backend::Postgres => &[
            ("user", Parameter::User),
            ("password", Parameter::Password),
            ("host", Parameter::Host),
            ("hostaddr", Parameter::Host),
            ("port", Parameter::Port),
            ("dbname", Parameter::Database),
            ("sslmode", Parameter::Tls),
            ("sslrootcert", Parameter::RootCertificate),
            ("sslcert", Parameter::Certificate),
            ("sslkey", Parameter::Key),
            ("application_name", Parameter::ApplicationName),
            ("options", Parameter::Options),
            ("connect_timeout", Parameter::Fixed),
            ("statement-cache-capacity", Parameter::Fixed),
            // As other drivers spell it.
            ("ssl-root-cert", Parameter::RootCertificate),
            ("ssl-ca", Parameter::RootCertificate),
        ],
        Backend::Mysql => &[
            ("user", Parameter::User),
            ("password", Parameter::Password),
            ("socket", Parameter::Socket),
            ("ssl-mode", Parameter::Tls),
            ("ssl-ca", Parameter::RootCertificate),
            ("ssl-cert", Parameter::Certificate),
            ("ssl-key", Parameter::Key),
            ("charset", Parameter::Fixed),
            ("collation", Parameter::Fixed),
            ("timezone", Parameter::Fixed),
            ("statement-cache-capacity", Parameter::Fixed),
        ],
        Backend::Sqlite => &[],
    }
}

/// The parameter that a name means, and the name to be recommended for it.
///
/// # Errors
/// A name that is not known. It is told only where `may_be_told`: else it may be a piece of a password.
pub(super) fn read(backend: Backend, written: &str, may_be_told: bool) -> Result<(Parameter, &'static str), UrlFault> {
    let names = names(backend);
    let name = plain(written);
    let word = |parameter| names.iter().find(|(_, other)| *other == parameter).map(|(known, _)| *known);
    if let Some((_, parameter)) = names.iter().find(|(known, _)| plain(known) == name) {
        return Ok((*parameter, word(*parameter).unwrap_or_default()));
    }
    // What other drivers call it.
    let meant = match name.as_str() {
        "ssl" | "tls" | "usessl" | "requiressl" | "usetls" | "sslenabled" | "encrypt" | "secure" => {
            word(Parameter::Tls)
        }
        "pwd" | "pass" | "passwd" => word(Parameter::Password),
        "username" | "uid" | "login" => word(Parameter::User),
        "database" | "db" => word(Parameter::Database),
        "unixsocket" | "sock" => word(Parameter::Socket),
        _ => None,
    };
    let is_word = written.len() <= 40 && written.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let is_recommended =
        |(name, parameter): &&(&str, Parameter)| *parameter != Parameter::Fixed && word(*parameter) == Some(*name);
    let known = names.iter().filter(is_recommended).map(|(name, _)| *name);
    Err(UrlFault::UnknownParameter {
        name: (may_be_told && is_word && !written.is_empty()).then(|| written.to_owned()),
        nearest: meant.or_else(|| nearest(written, known.clone())),
        known: listed(known),
    })
}

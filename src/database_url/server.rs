//! The URL of a server: `scheme://user:password@host:port/database?parameters`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use super::error::UrlFault;
use super::parameters::{self, Parameter, Tls};
use crate::backend::Backend;

/// Where a server is, and who asks it. `Display` and `Debug` show it without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Each part and parameter that was given, decoded.
    given: BTreeMap<Parameter, String>,
    tls: Option<Tls>,
    shown: String,
}

impl ServerUrl {
    /// Reads what comes behind `scheme:`.
    pub(super) fn parse(backend: Backend, scheme: &str, rest: &str) -> Result<Self, UrlFault> {
        let rest = rest.strip_prefix("//").ok_or(UrlFault::NoSlashes)?;
        let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // Where a password holds one of these, what is behind it would be taken for a path, and shown.
        let is_clear = !rest.contains(|c: char| c == '#' || c.is_control())
            && !rest.get(host_ends..).unwrap_or_default().contains('@');
        if !is_clear {
            return Err(UrlFault::Ambiguous);
        }
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| match error {
            _ if rest.contains('@') => UrlFault::Ambiguous,
            url::ParseError::InvalidPort => UrlFault::Part("its port is not a number up to 65535"),
            _ => UrlFault::Part("its host is not a name or an address"),
        })?;
        let mut server = Self { given: BTreeMap::new(), tls: None, shown: String::new() };
        server.put(Parameter::User, decoded(url.username())?);
        server.put(Parameter::Password, decoded(url.password().unwrap_or_default())?);
        server.put(Parameter::Host, decoded(url.host_str().unwrap_or_default())?);
        server.put(Parameter::Port, url.port().map(|port| port.to_string()).unwrap_or_default());
        server.put(Parameter::Database, decoded(url.path().trim_start_matches('/'))?);
        let shown_query = server.read_query(backend, url.query().unwrap_or_default())?;
        if backend == Backend::Mysql && server.get(Parameter::Database).is_none() {
            return Err(UrlFault::Part("it names no database, as `mysql://localhost/blog` does"));
        }
        let user = if url.username().is_empty() { String::new() } else { format!("{}@", url.username()) };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = url.host_str().unwrap_or_default();
        server.shown = format!("{scheme}://{user}{host}{port}{}{shown_query}", url.path());
        Ok(server)
    }

    fn put(&mut self, parameter: Parameter, value: String) {
        if !value.is_empty() {
            self.given.insert(parameter, value);
        }
    }

    /// Reads the parameters; gives those that may be shown, as they were written.
    fn read_query(&mut self, backend: Backend, query: &str) -> Result<String, UrlFault> {
        let (mut seen, mut shown) = (Vec::new(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            // libpq takes `+` as it is; in a password it is more likely meant so than to be a space.
            let plus =
                |parameter| if parameter == Parameter::Password { value.to_owned() } else { value.replace('+', " ") };
            if let Some(setting) = name.strip_prefix("options[").and_then(|name| name.strip_suffix(']'))
                && backend == Backend::Postgres
            {
                seen.push(Parameter::Options);
                self.add_options(&format!("-c {setting}={}", decoded(&plus(Parameter::Options))?));
                continue;
            }
            let may_be_told = seen.iter().all(|parameter: &Parameter| parameter.is_shown());
            let (parameter, known) = parameters::read(backend, &name, may_be_told)?;
            if parameter != Parameter::Fixed && parameter != Parameter::Options && seen.contains(&parameter) {
                return Err(UrlFault::TwiceGiven(known));
            }
            seen.push(parameter);
            let value = decoded(&plus(parameter))?;
            match parameter {
                Parameter::Tls => self.tls = Some(read_tls(backend, known, &value)?),
                Parameter::Port if value.parse::<u16>().is_err() => {
                    return Err(UrlFault::WrongValue { parameter: known, expected: "a number up to 65535" });
                }
                Parameter::Options => self.add_options(&value),
                _ => self.put(parameter, value),
            }
            if parameter.is_shown() {
                shown.push(pair);
            }
        }
        Ok(if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) })
    }

    fn add_options(&mut self, more: &str) {
        let all = self.given.entry(Parameter::Options).or_default();
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(more);
    }

    /// What the URL says of that, decoded.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> Option<&str> {
        self.given.get(&parameter).map(String::as_str)
    }

    /// How much of the connection is to be protected, where the URL says it.
    #[must_use]
    pub const fn tls(&self) -> Option<Tls> {
        self.tls
    }

    /// The keywords and values of libpq that say the same; without the password, if `secrets` does not ask for it.
    #[must_use]
    pub fn libpq(&self, secrets: bool) -> Vec<(&'static str, &str)> {
        let keywords = [
            ("host", Parameter::Host),
            ("port", Parameter::Port),
            ("dbname", Parameter::Database),
            ("user", Parameter::User),
            ("password", Parameter::Password),
            ("sslrootcert", Parameter::RootCertificate),
            ("sslcert", Parameter::Certificate),
            ("sslkey", Parameter::Key),
            ("application_name", Parameter::ApplicationName),
            ("options", Parameter::Options),
        ];
        let given = keywords.into_iter().filter(|(_, parameter)| secrets || *parameter != Parameter::Password);
        let given = given.filter_map(|(keyword, parameter)| Some((keyword, self.get(parameter)?)));
        given.chain(self.tls.map(|tls| ("sslmode", tls.libpq()))).collect()
    }
}

fn read_tls(backend: Backend, parameter: &'static str, value: &str) -> Result<Tls, UrlFault> {
    let tls = Tls::read(value).filter(|tls| backend == Backend::Postgres || *tls != Tls::Allow);
    let expected = match backend {
        Backend::Mysql => "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
        Backend::Postgres | Backend::Sqlite => "disable, allow, prefer, require, verify-ca or verify-full",
    };
    tls.ok_or(UrlFault::WrongValue { parameter, expected })
}

fn decoded(text: &str) -> Result<String, UrlFault> {
    let decoded = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    decoded.ok().filter(|text| !text.contains('\0')).ok_or(UrlFault::Part("one of its `%` codes is not of a text"))
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

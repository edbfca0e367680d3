//! What URLs of servers say, as their drivers and the programs that write backups want it.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::PgConnectOptions;

use crate::database_url::{Parameter, ServerUrl, Tls};
use crate::execute::error::ExecuteError;
use crate::execute::who;

/// What a URL says, as the driver of PostgreSQL wants it; the rest is as libpq has it: from its variables, and the user from the system.
pub(super) fn postgres(url: &ServerUrl) -> Result<PgConnectOptions, ExecuteError> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(url.libpq(true));
    if url.get(Parameter::User).is_none()
        && let Some(user) = std::env::var("PGUSER").ok().filter(|user| !user.is_empty()).or_else(who::login)
    {
        query.append_pair("user", &user);
    }
    // The driver looks into the file of passwords last, when it knows the rest.
    let options = PgConnectOptions::from_str(&format!("postgres:///?{}", query.finish()));
    let options = options
        .map_err(|_| ExecuteError::BadUrl { url: url.to_string() })?
        // Poolers refuse start-up parameters that they do not know.
        .extra_float_digits(None)
        .disable_statement_logging();
    let is_named = options.get_application_name().is_some();
    Ok(if is_named { options } else { options.application_name(&format!("dbmigrate {}", who::who())) })
}

/// What a URL says but for its password, as the programs of PostgreSQL want it.
pub(super) fn conninfo(url: &ServerUrl) -> String {
    let quoted = |value: &str| value.replace('\\', r"\\").replace('\'', r"\'");
    let settings = url.libpq(false).into_iter().map(|(keyword, value)| format!("{keyword}='{}'", quoted(value)));
    settings.collect::<Vec<_>>().join(" ")
}

/// What a URL says, as the driver of MySQL wants it.
pub(super) fn mysql(url: &ServerUrl) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        // Each of these would change the session's modes on the way.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .disable_statement_logging();
    type Set = fn(MySqlConnectOptions, &str) -> MySqlConnectOptions;
    let with: [(Parameter, Set); 9] = [
        (Parameter::Host, MySqlConnectOptions::host),
        (Parameter::Port, |options, port| match port.parse() {
            Ok(port) => options.port(port),
            Err(_) => options,
        }),
        (Parameter::User, MySqlConnectOptions::username),
        (Parameter::Password, MySqlConnectOptions::password),
        (Parameter::Database, MySqlConnectOptions::database),
        (Parameter::Socket, |options, path| options.socket(path)),
        (Parameter::RootCertificate, |options, path| options.ssl_ca(path)),
        (Parameter::Certificate, |options, path| options.ssl_client_cert(path)),
        (Parameter::Key, |options, path| options.ssl_client_key(path)),
    ];
    for (parameter, set) in with {
        if let Some(value) = url.get(parameter) {
            options = set(options, value);
        }
    }
    match url.tls() {
        None => options,
        Some(Tls::Disable) => options.ssl_mode(MySqlSslMode::Disabled),
        Some(Tls::Allow | Tls::Prefer) => options.ssl_mode(MySqlSslMode::Preferred),
        Some(Tls::Require) => options.ssl_mode(MySqlSslMode::Required),
        Some(Tls::VerifyCa) => options.ssl_mode(MySqlSslMode::VerifyCa),
        Some(Tls::VerifyFull) => options.ssl_mode(MySqlSslMode::VerifyIdentity),
    }
}

/// What a URL says of TLS, as a program that writes backups wants it.
pub(super) fn dump_tls(program: &str, url: &ServerUrl) -> Vec<String> {
    let is_mariadb = program.starts_with("mariadb");
    let mode = match (url.tls(), is_mariadb) {
        (None | Some(Tls::Allow | Tls::Prefer), _) => None,
        (Some(Tls::Disable), true) => Some("--skip-ssl"),
        (Some(Tls::Disable), false) => Some("--ssl-mode=DISABLED"),
        (Some(Tls::Require), true) => Some("--ssl"),
        (Some(Tls::Require), false) => Some("--ssl-mode=REQUIRED"),
        (Some(Tls::VerifyCa | Tls::VerifyFull), true) => Some("--ssl-verify-server-cert"),
        (Some(Tls::VerifyCa), false) => Some("--ssl-mode=VERIFY_CA"),
        (Some(Tls::VerifyFull), false) => Some("--ssl-mode=VERIFY_IDENTITY"),
    };
    let files = [
        ("--ssl-ca", Parameter::RootCertificate),
        ("--ssl-cert", Parameter::Certificate),
        ("--ssl-key", Parameter::Key),
    ];
    let files = files.into_iter().filter_map(|(name, file)| Some(format!("{name}={}", url.get(file)?)));
    mode.map(str::to_owned).into_iter().chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_url::DatabaseUrl;

    fn server(url: &str) -> ServerUrl {
        match url.parse() {
            Ok(DatabaseUrl::Postgres(server) | DatabaseUrl::Mysql(server)) => server,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_that_a_url_says_reaches_the_driver_of_postgresql() {
        let url = server(r"postgres://a%20b:c%26d@h:5433/it's%5c?sslMode=require&application_name=x&options=-c+e%3Df");
        let options = postgres(&url).unwrap();
        assert_eq!((options.get_host(), options.get_port(), options.get_username()), ("h", 5433, "a b"));
        assert_eq!((options.get_database(), options.get_application_name()), (Some(r"it's\"), Some("x")));
        assert_eq!(options.get_options(), Some("-c e=f"));
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
        assert!(format!("{options:?}").contains("c&d"));
        assert_eq!(
            conninfo(&url),
            r"host='h' port='5433' dbname='it\'s\\' user='a b' application_name='x' options='-c e=f' sslmode='require'"
        );
    }

    #[test]
    fn a_folder_of_sockets_is_one_in_either_place() {
        for url in ["postgres://%2Frun%2Fpg/d", "postgres:///d?host=/run/pg"] {
            let options = postgres(&server(url)).unwrap();
            assert_eq!(
                options.get_socket().map(std::path::PathBuf::as_path),
                Some(std::path::Path::new("/run/pg")),
                "{url}"
            );
        }
    }

    #[test]
    fn without_a_user_it_is_the_account_s_as_for_psql() {
        let user = std::env::var("PGUSER").ok().or_else(who::login).unwrap();
        assert_eq!(postgres(&server("postgres://h/d")).unwrap().get_username(), user);
    }

    #[test]
    fn all_that_a_url_says_reaches_the_driver_of_mysql_and_its_backups() {
        let url = server("mysql://a%20b:c%26d@h:3307/e?ssl_mode=require&ssl-ca=%2Fca.pem");
        let options = mysql(&url);
        assert_eq!((options.get_host(), options.get_port(), options.get_username()), ("h", 3307, "a b"));
        assert_eq!(options.get_database(), Some("e"));
        assert!(matches!(options.get_ssl_mode(), MySqlSslMode::Required));
        assert!(format!("{options:?}").contains("c&d"));
        assert_eq!(dump_tls("mysqldump", &url), ["--ssl-mode=REQUIRED", "--ssl-ca=/ca.pem"]);
        assert_eq!(dump_tls("mariadb-dump", &url), ["--ssl", "--ssl-ca=/ca.pem"]);
        assert!(dump_tls("mysqldump", &server("mysql://h/d")).is_empty());
    }
}

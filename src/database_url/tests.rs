//! What URLs mean, and that no secret in them is ever told.

use proptest::prelude::*;

use super::*;

fn url(text: &str) -> DatabaseUrl {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fault(text: &str) -> String {
    text.parse::<DatabaseUrl>().expect_err(text).to_string()
}

fn server(text: &str) -> ServerUrl {
    match url(text) {
        DatabaseUrl::Postgres(server) | DatabaseUrl::Mysql(server) => server,
        DatabaseUrl::Sqlite(_) => panic!("{text} is a file"),
    }
}

#[test]
fn a_server_is_taken_apart_and_decoded() {
    let found = server("postgres://a%40b:p%3Fw%23%2F%40@db.internal:5433/my%20blog?application_name=x+y");
    assert_eq!(found.get(Parameter::User), Some("a@b"));
    assert_eq!(found.get(Parameter::Password), Some("p?w#/@"));
    assert_eq!(found.get(Parameter::Host), Some("db.internal"));
    assert_eq!(found.get(Parameter::Port), Some("5433"));
    assert_eq!(found.get(Parameter::Database), Some("my blog"));
    assert_eq!(found.get(Parameter::ApplicationName), Some("x y"));
}

#[test]
fn what_was_not_given_is_not_there() {
    let found = server("postgres://");
    assert_eq!(found.get(Parameter::User), None);
    assert_eq!(found.get(Parameter::Host), None);
    assert_eq!(found.get(Parameter::Database), None);
    assert_eq!(found.tls(), None);
    assert_eq!(server("postgres:///blog").get(Parameter::Database), Some("blog"));
}

#[test]
fn the_backend_is_told_by_the_scheme_in_any_case() {
    for (text, backend) in [
        ("sqlite:a.db", Backend::Sqlite),
        ("SQLite://a.db", Backend::Sqlite),
        ("postgres://h/d", Backend::Postgres),
        ("PostgreSQL://h/d", Backend::Postgres),
        ("mysql://h/d", Backend::Mysql),
        ("mariadb://h/d", Backend::Mysql),
    ] {
        assert_eq!(url(text).backend(), backend, "{text}");
    }
}

#[test]
fn parameters_win_over_the_part_in_front() {
    let found = server("postgres://a:b@h:1/d?user=u&password=p+q%26&host=%2Frun%2Fpg&port=2&dbname=e");
    assert_eq!(found.get(Parameter::User), Some("u"));
    assert_eq!(found.get(Parameter::Password), Some("p+q&"));
    assert_eq!(found.get(Parameter::Host), Some("/run/pg"));
    assert_eq!(found.get(Parameter::Port), Some("2"));
    assert_eq!(found.get(Parameter::Database), Some("e"));
}

#[test]
fn tls_is_understood_however_it_is_spelled() {
    for (text, tls) in [
        ("postgres://h/d?sslmode=require", Tls::Require),
        ("postgres://h/d?sslMode=REQUIRED", Tls::Require),
        ("postgres://h/d?ssl_mode=Require", Tls::Require),
        ("postgres://h/d?SSLMODE=verify_full", Tls::VerifyFull),
        ("postgres://h/d?ssl-mode=verify-ca", Tls::VerifyCa),
        ("postgres://h/d?sslmode=allow", Tls::Allow),
        ("mysql://h/d?sslMode=REQUIRED", Tls::Require),
        ("mysql://h/d?ssl_mode=require", Tls::Require),
        ("mysql://h/d?sslmode=VERIFY_IDENTITY", Tls::VerifyFull),
        ("mysql://h/d?ssl-mode=disabled", Tls::Disable),
    ] {
        assert_eq!(server(text).tls(), Some(tls), "{text}");
    }
}

#[test]
fn what_would_be_ignored_is_refused_with_the_nearest_that_is_right() {
    for (text, expected) in [
        ("postgres://h/d?ssl=true", "a parameter `ssl`, which is not known: did you mean `sslmode`?"),
        ("postgres://h/d?sslmod=require", "a parameter `sslmod`, which is not known: did you mean `sslmode`?"),
        ("mysql://h/d?useSSL=true", "a parameter `useSSL`, which is not known: did you mean `ssl-mode`?"),
        ("mysql://h/d?tls=1", "a parameter `tls`, which is not known: did you mean `ssl-mode`?"),
        ("postgres://h/d?pwd=Zq1", "a parameter `pwd`, which is not known: did you mean `password`?"),
        ("postgres://h/d?garbage=1", "a parameter `garbage`, which is not known; known are `user`, `password`, "),
        ("sqlite://a.db?mod=ro", "a parameter `mod`, which is not known: did you mean `mode`?"),
        ("sqlite://a.db?key=Zq1", "a parameter `key`, which is not known; known are `mode`, "),
        ("postgres://h/d?sslmode=yes", "`sslmode` must be disable, allow, prefer, require, verify-ca or verify-full"),
        ("mysql://h/d?ssl-mode=allow", "`ssl-mode` must be DISABLED, PREFERRED, REQUIRED"),
        ("postgres://h/d?sslmode=require&ssl_mode=disable", "has the parameter `sslmode` twice"),
        ("postgres://h/d?port=many", "`port` must be a number up to 65535"),
        ("sqlite://a.db?mode=fast", "`mode` must be ro, rw, rwc or memory"),
    ] {
        assert!(fault(text).contains(expected), "{text}: {}", fault(text));
    }
}

#[test]
fn what_is_no_url_is_answered_with_what_to_write() {
    for (text, expected) in [
        ("shop.db", "this is the name of a file, not a database URL: write `sqlite://shop.db`"),
        ("data/shop.sqlite3", "write `sqlite://data/shop.sqlite3`"),
        ("oracle://h/d", "`oracle:` is not a supported database: a URL starts with `sqlite:`, `postgres:` or `mysql:`"),
        ("postgers://h/d", "`postgers:` is not a supported database: did you mean `postgres:`?"),
        ("", "the database URL cannot be understood: a URL starts with"),
        ("host=h password=Zq1", "the database URL cannot be understood: a URL starts with"),
        ("root:Zq1@tcp(h:3306)/d", "the database URL cannot be understood: a URL starts with"),
        ("postgres:app:Zq1@h/d", "it starts with `postgres://`, as `postgres://app@localhost/blog`"),
        ("postgres://app:Zq1?Zq2@h/d", "percent-encode `? # / @` in a password, as `%3F %23 %2F %40`"),
        ("postgres://h:many/d", "its port is not a number up to 65535"),
        ("mysql://h", "it names no database, as `mysql://localhost/blog` does"),
        ("sqlite://", "it names no file"),
        ("sqlite://%ff.db", "its path is not UTF-8"),
        ("sqlite://a%00b.db", "its path has a zero byte"),
        ("sqlite://app:Zq1@h/d", "it names a file, and no user, password or host"),
    ] {
        assert!(fault(text).contains(expected), "{text}: {}", fault(text));
    }
}

#[test]
fn a_url_is_shown_as_it_was_given_but_for_its_secrets() {
    for (text, shown) in [
        ("postgres://app:Zq1@db.internal/blog", "postgres://app@db.internal/blog"),
        ("postgres://app:p@Zq1@db/blog", "postgres://app@db/blog"),
        ("postgres://:Zq1@db/blog", "postgres://db/blog"),
        ("POSTGRES://c:5432/d", "postgres://c:5432/d"),
        ("postgres://c/d?user=a&password=Zq1&sslmode=require", "postgres://c/d?user=a&sslmode=require"),
        ("postgres://c/d?password=Zq1", "postgres://c/d"),
        ("postgres://%2Frun%2Fpg/d?options=-c%20app.key%3DZq1", "postgres://%2Frun%2Fpg/d"),
        ("mysql://[::1]:3306/d", "mysql://[::1]:3306/d"),
        ("sqlite:blog.db?mode=ro", "sqlite:blog.db?mode=ro"),
        ("sqlite://a@b:c/d.db", "sqlite://a@b:c/d.db"),
        ("sqlite::memory:", "sqlite::memory:"),
    ] {
        assert_eq!(url(text).to_string(), shown);
        assert_eq!(
            url(text).has_password(),
            text.contains(":Zq1@") || text.contains("p@Zq1") || text.contains("password")
        );
    }
}

#[test]
fn a_file_s_path_is_read_as_it_is_written_and_starts_at_its_folder() {
    for (text, expected) in [
        ("sqlite://blog.db", "my app/50%/blog.db"),
        ("sqlite:a/b.db?mode=ro", "my app/50%/a/b.db"),
        ("sqlite:///srv/blog.db", "/srv/blog.db"),
        ("sqlite:/srv/a b.db?mode=rwc", "/srv/a b.db"),
        ("sqlite://x%20y/50%25/%c3%a4.db", "my app/50%/x y/50%/ä.db"),
        ("sqlite://100%.db", "my app/50%/100%.db"),
    ] {
        let DatabaseUrl::Sqlite(file) = url(text).within(Path::new("my app/50%")) else { panic!("{text}") };
        assert_eq!(file.path.as_deref(), Some(Path::new(expected)));
        assert_eq!(file.to_string(), text);
    }
    for memory in ["sqlite::memory:", "sqlite://x?mode=memory"] {
        let DatabaseUrl::Sqlite(file) = url(memory).within(Path::new("folder")) else { panic!("{memory}") };
        assert_eq!(file.path, None);
    }
}

#[test]
fn libpq_is_told_the_same_without_the_password() {
    let found = server("postgres://app:Zq1@h:5433/d?sslMode=Required&options=-c%20a%3Db&options[c]=d");
    let expected = [("host", "h"), ("port", "5433"), ("dbname", "d"), ("user", "app"), ("options", "-c a=b -c c=d")];
    assert_eq!(found.libpq(false), [&expected[..], &[("sslmode", "require")]].concat());
    assert!(found.libpq(true).contains(&("password", "Zq1")));
}

#[test]
fn lines_of_a_manifest_are_shown_without_passwords() {
    for (line, shown) in [
        ("url = \"postgres://app:Zq1@h/d\"", "url = \"postgres://***********\""),
        ("# postgres://app:Zq1@h/d", "# postgres://*******@h/d"),
        ("a = \"postgres://app:Zq1 Zq2@h/d", "a = \"postgres://***********@h/d"),
        ("url = \"root:Zq1@tcp(h)/d\"", "url = \"*****************\""),
        ("production = \"root:Zq1@tcp(h)/d\"", "production = \"root:***@tcp(h)/d\""),
        ("a = \"host=h password=Zq1 user=u\"", "a = \"host=h password=*** user=u\""),
        ("see `postgres://app@h/d`, `postgres://app:Zq1@h/d`", "see `postgres://*****************************@h/d`"),
        ("see `postgres://app@h/d`, `ada@build`", "see `postgres://app@h/d`, `ada@build`"),
        ("'root:Zq1@tcp(h)/d' or `root:Zq1@h`", "'root:***@tcp(h)/d' or `root:***@h`"),
        ("a = { url = \"root:Zq\"1\", b = true }", "a = { url = \"*********\", b = true }"),
        ("url = \"$DATABASE_URL\"", "url = \"$DATABASE_URL\""),
        ("url = \"sqlite://blog.db\"", "url = \"sqlite://blog.db\""),
        ("requires = [\"create_users\"]", "requires = [\"create_users\"]"),
        ("password = \"strng(60)\"", "password = \"strng(60)\""),
        ("sql = \"SET @a := 1, @b := @a\"", "sql = \"SET @a := 1, @b := @a\""),
        (
            "[database]\npassword = \"Zq1\"\n[other]\npassword = \"text\"",
            "[database]\npassword = \"***\"\n[other]\npassword = \"text\"",
        ),
    ] {
        assert_eq!(masked(line), shown);
        assert_eq!(masked(line).len(), line.len());
    }
}

/// A password of pieces that are nowhere else, with what makes trouble between them.
fn password() -> impl Strategy<Value = String> {
    let trouble = prop::sample::select(vec![
        "", ":", "/", "?", "#", "@", "%", "&", "=", "+", ";", "\\", "'", "[", "]", "{", "(", ")", "!", "$", "*", "|",
        "//", "://", "%zz", "%2", "ä", "12", "?a=", "/1?", "::", "@@", ":@", "<", ">", "^", "~", ",",
    ]);
    let piece = (trouble, 1..9_u8).prop_map(|(trouble, n)| format!("{trouble}Zq{n}"));
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// A URL, or what people take for one, with that password in it.
fn with_password() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "sqlite",
        "MySQL",
        "oracle",
        "postgers",
        "jdbc:postgresql",
        "",
    ]);
    let form = prop::sample::select(vec![
        "{S}://app:{P}@h/d",
        "{S}://app:{P}@h:5432/d?sslmode=require",
        "{S}://:{P}@h/d",
        "{S}://app:{P}@[::1]/d",
        "{S}://app:{P}@%2Frun/d",
        "{S}:app:{P}@h/d",
        "{S}:/app:{P}@h/d",
        "{S}:///app:{P}@h/d",
        "app:{P}@tcp(h:3306)/d",
        "app:{P}@h/d",
        "{S}://h/d?user=app&password={P}",
        "{S}://h/d?pwd={P}",
        "{S}://h/d?pass={P}&x=1",
        "{S}://h/d?PASSWORD={P}",
        "host=h user=app password={P} dbname=d",
        "host=h password='{P}'",
        "{S}://app:{P}@h/d?ssl=true",
        "{S}://app:{P}@h/d#x",
        "{S}://app:{P}@h:x/d",
        "{S}://app:{P}@h/d\n",
        " {S}://app:{P}@h/d",
        "{S}//app:{P}@h/d",
        "{S}:://app:{P}@h/d",
        "{S}://h/d?options=-c%20a.b%3D{P}",
        "{S}://app:{P}@/d",
        "{S}://app:{P}@h/d?application_name=a@b",
        "{S}://h/d?sslkey={P}",
        "{S}://app:{P}@h h/d",
        "{S};Password={P};Server=h",
    ]);
    (scheme, form, password())
        .prop_map(|(scheme, form, password)| form.replace("{S}", scheme).replace("{P}", &password))
}

fn has_secret(text: &str) -> bool {
    text.to_ascii_lowercase().contains("zq")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_password_is_told_by_a_url_or_by_what_is_wrong_with_it(text in with_password()) {
        let said = match text.parse::<DatabaseUrl>() {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!has_secret(&said), "{text}: {said}");
    }

    #[test]
    fn no_password_is_drawn_with_its_line(text in with_password(), spaced: bool, quoted in "[\"]?") {
        let equals = if spaced { " = " } else { "=" };
        for key in ["url", "database_url", "database.url", "{ url"] {
            let line = format!("[environments.production]\n{key}{equals}{quoted}{text}{quoted}\n");
            // A bare password is not to be told from any other word.
            prop_assert!(!text.contains(['@', '=']) || !has_secret(&masked(&line)), "{line}: {}", masked(&line));
        }
    }

    #[test]
    fn a_percent_encoded_password_is_understood(password in password(), backend in 0..2_usize) {
        let scheme = ["postgres", "mysql"][backend];
        let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
        for text in [format!("{scheme}://app:{encoded}@h/d"), format!("{scheme}://app@h/d?password={encoded}")] {
            let server = server(&text);
            prop_assert_eq!(server.get(Parameter::Password), Some(password.as_str()));
            prop_assert_eq!(server.get(Parameter::Host), Some("h"));
        }
    }
}

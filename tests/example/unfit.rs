//! MySQL and MariaDB give rows values that nobody wrote, strict mode or not. No way up or down lets them: rows that a change does
//! not fit stop it, with their number, before anything is changed.

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::example::project::{Project, Said};

const SCHEMA: &str = "[project]\nname = \"unfit\"\nbackends = [\"mysql\"]\norder = \"linear\"\n";

/// A table `t` with a column `v`, and a change of it.
fn project(column: &str, change: &str) -> Project {
    let made = format!(
        "[[up]]\ncreate_enum = \"size\"\nvalues = [\"small\", \"2\", \"large\"]\n\n\
         [[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = {{ id = \"bigint\", v = {column} }}\n"
    );
    Project::of(SCHEMA, &[("1_made", &made), ("2_changed", &format!("[[up]]\n{change}\n"))])
}

/// All that was said, on one line.
fn words_of(said: &Said) -> String {
    format!("{} {}", said.stdout, said.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn refused(said: &Said, words: &str) {
    let all = words_of(said);
    assert!(said.code == 3 && all.contains(words), "exit {}: {all}", said.code);
    assert!(all.contains("nothing was changed"), "{all}");
}

/// A column comes back NOT NULL: each type, and what the server would have made up.
#[test]
fn mysql_makes_up_no_value_for_a_column_that_comes_back() {
    let database = MysqlDatabase::create();
    for column in
        ["enum(size)", "integer", "string(20)", "text", "datetime", "timestamptz", "json", "uuid", "decimal(8,2)"]
    {
        let project = project(&format!("\"{column}\""), "drop_column = \"t.v\"");
        project.run(&database, &["latest"]).ok();
        database.execute("INSERT INTO t (id) VALUES (1), (2)");
        let before = database.schema();
        for command in [["down", "--yes"], ["down", "--dry-run"]] {
            let said = project.run(&database, &command);
            let all = words_of(&said);
            assert_eq!(said.code, 3, "{column}: {all}");
            let words = "`t.v` is NOT NULL without a default, and 2 existing rows would have no value for it";
            assert!(all.contains(words), "{column}: {all}");
        }
        assert_eq!((database.schema(), database.query("SELECT count(*) FROM t")), (before.clone(), "2".to_owned()));
        // All goes anyway.
        project.run(&database, &["reset"]).ok();
        assert_eq!(database.schema(), "", "{column}");
        project.run(&database, &["latest"]).ok();
        project.run(&database, &["down"]).ok();
        project.run(&database, &["up"]).ok();
        assert_eq!(database.schema(), before, "{column}, without rows");
        project.run(&database, &["reset"]).ok();
    }
}

/// What the rows get, their author says; also after the fact.
#[test]
fn mysql_gives_the_value_that_refill_says() {
    let database = MysqlDatabase::create();
    let project = project("\"enum(size)\"", "drop_column = \"t.v\"");
    project.run(&database, &["latest"]).ok();
    database.execute("INSERT INTO t (id) VALUES (1), (2)");
    refused(&project.run(&database, &["down"]), "2 existing rows");
    project.edit("changed", "drop_column = \"t.v\"", "drop_column = \"t.v\"\nrefill = \"large\"");
    project.run(&database, &["down"]).ok();
    assert_eq!(database.query("SELECT group_concat(v) FROM t"), "large,large");
}

/// Each conversion that the server does silently, with a row that it would change and one that fits.
#[test]
fn mysql_converts_no_value_into_another() {
    let database = MysqlDatabase::create();
    let cases = [
        // Numbers, and texts that are numbers, are places in an enum; case is not told apart.
        ("\"integer\"", "type = \"enum(size)\"", "2", "NULL"),
        ("\"string(20)\"", "type = \"enum(size)\"", "'3'", "'2'"),
        ("\"string(20)\"", "type = \"enum(size)\"", "'SMALL'", "'small'"),
        ("\"enum(size)\"", "type = \"integer\"", "'2'", "NULL"),
        // Texts are read as far as they are numbers or moments.
        ("\"string(40)\"", "type = \"integer\"", "'1.7'", "'17'"),
        ("\"string(40)\"", "type = \"decimal(8,2)\"", "'2020-01-01'", "'-12.5'"),
        ("\"string(40)\"", "type = \"time\"", "'5'", "'05:06:07'"),
        ("\"string(40)\"", "type = \"date\"", "'2020-01-01 10:11:12'", "'2020-01-01'"),
        // A time has no day: it would get today's.
        ("\"time\"", "type = \"datetime\"", "'10:11:12'", "NULL"),
        ("\"integer\"", "type = \"time\"", "7", "NULL"),
        ("\"date\"", "type = \"bigint\"", "'2020-01-01'", "NULL"),
        ("\"text\"", "type = \"uuid\"", "'abc'", "NULL"),
        // A 0 or NULL becomes the next number; a NULL timestamp, on MariaDB, the time of now.
        ("\"timestamptz\"", "null = false", "NULL", "'2020-01-01 10:11:12'"),
        ("\"integer\"", "null = false", "NULL", "0"),
    ];
    for (column, change, wrong, right) in cases {
        let of = format!("{{ type = {column}, null = true }}");
        let null = if change.starts_with("null") { "" } else { "\nnull = true" };
        let project = project(&of, &format!("alter_column = \"t.v\"\n{change}{null}"));
        project.run(&database, &["exec", "1"]).ok();
        database.execute(&format!("INSERT INTO t VALUES (1, {wrong}), (2, {right})"));
        let before = (database.schema(), database.dump());
        refused(&project.run(&database, &["latest"]), "and 1 existing row would");
        assert_eq!((database.schema(), database.dump()), before, "{column} {change}");
        database.execute("DELETE FROM t WHERE id = 1");
        project.run(&database, &["latest"]).ok();
        project.run(&database, &["reset"]).ok();
        assert_eq!(database.schema(), "", "{column} {change}");
    }
}

/// An enum loses a value that reads as a number: the server would take the value at that place.
#[test]
fn mysql_takes_no_enum_value_for_its_place() {
    let database = MysqlDatabase::create();
    let project = project("\"enum(size)\"", "alter_enum = \"size\"\nadd = \"1\"\nafter = \"small\"");
    project.run(&database, &["latest"]).ok();
    database.execute("INSERT INTO t VALUES (1, '1'), (2, 'large')");
    refused(&project.run(&database, &["down"]), "and 1 existing row would not fit");
    assert_eq!(database.query("SELECT v FROM t WHERE id = 1"), "1");
    project.run(&database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// A column that numbers itself again gives the next number to a 0.
#[test]
fn mysql_renumbers_no_row() {
    let database = MysqlDatabase::create();
    let made = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = { type = \"bigint\", auto_increment = true } }\n";
    let unset = "[[up]]\nalter_column = \"t.id\"\nunset = [\"auto_increment\"]\n";
    let project = Project::of(SCHEMA, &[("1_made", made), ("2_unset", unset)]);
    project.run(&database, &["latest"]).ok();
    database.execute("INSERT INTO t VALUES (0), (5)");
    refused(&project.run(&database, &["down"]), "`t.id` numbers itself from here on, and 1 existing row");
    assert_eq!(database.query("SELECT group_concat(id) FROM t"), "0,5");
}

/// Rows that the run itself brings are found when their statement's turn comes, and it is not run.
#[test]
fn mysql_looks_again_just_before_a_statement() {
    let database = MysqlDatabase::create();
    let made = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\", v = \"integer\" }\n";
    let dropped = "[[up]]\ndrop_column = \"t.v\"\n";
    let emptied = "[[up]]\nsql = \"DELETE FROM t\"\ndown = \"INSERT INTO t (id) VALUES (1), (2), (3)\"\n";
    let project = Project::of(SCHEMA, &[("1_made", made), ("2_dropped", dropped), ("3_emptied", emptied)]);
    project.run(&database, &["latest"]).ok();
    let said = project.run(&database, &["exec", "1"]);
    assert!(said.code == 1 && words_of(&said).contains("3 existing rows would have no value"), "{}", said.stderr);
    assert_eq!(database.query("SELECT count(*) FROM information_schema.columns WHERE table_name = 't' AND column_name = 'v' AND table_schema = database()"), "0");
    // The other way from there.
    project.run(&database, &["latest"]).ok();
    database.execute("DELETE FROM t");
    project.run(&database, &["exec", "2"]).ok();
    database.execute("DELETE FROM t");
    project.run(&database, &["exec", "1"]).ok();
    project.run(&database, &["latest"]).ok();
}

//! What PostgreSQL alone has: extensions, schemas, views that keep their rows, indexes made while others write, keys that do
//! not look at what stands.

use crate::example::database::Database;
use crate::example::postgres_server::PostgresDatabase;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const SCHEMA: &str = "[project]\nname = \"own\"\nbackends = [\"postgres\"]\norder = \"linear\"\n";

const MADE: &str = r#"
[[up]]
create_extension = "citext"

[[up]]
create_schema = "blog"

[[up]]
create_enum = "blog.mood"
values = ["glad"]

[[up]]
create_table = "blog.authors"
primary_key = ["id"]
columns = { id = "integer", mail = { type = { postgres = "citext" }, unique = true }, mood = { type = "enum(blog.mood)", default = "glad" } }

[[up]]
create_table = "posts"
primary_key = ["id"]
columns = { id = "integer", author_id = "integer", words = "integer" }
"#;

const ROWS: &str = r#"
[[up]]
insert = "blog.authors"
key = ["id"]
rows = [{ id = 1, mail = "Ada@example.com" }]

[[up]]
insert = "posts"
key = ["id"]
rows = [{ id = 1, author_id = 1, words = 10 }, { id = 2, author_id = 99, words = 20 }]
"#;

const OVER: &str = r#"
[[up]]
add_foreign_key = "posts_author_fk"
on = "posts"
columns = ["author_id"]
references = "blog.authors.id"
validate = false

[[up]]
create_view = "blog.totals"
select = "SELECT author_id, sum(words) AS words FROM posts GROUP BY author_id"
materialized = true
"#;

const REPLACED: &str = r#"
[[up]]
replace_view = "blog.totals"
select = "SELECT author_id, count(*) AS posts FROM posts GROUP BY author_id"

[[up]]
drop_foreign_key = "posts_author_fk"
on = "posts"
"#;

const DROPPED: &str = "[[up]]\ndrop_view = \"blog.totals\"\n\n[[up]]\ndrop_table = \"blog.authors\"\n\n[[up]]\ndrop_enum = \"blog.mood\"\n\n[[up]]\ndrop_schema = \"blog\"\n\n[[up]]\ndrop_extension = \"citext\"\n";

#[test]
fn postgres_has_extensions_schemas_and_views_that_keep_their_rows() {
    let database = PostgresDatabase::create();
    let nodes =
        [("1_made", MADE), ("2_rows", ROWS), ("3_over", OVER), ("4_replaced", REPLACED), ("5_dropped", DROPPED)];
    let project = Project::of(SCHEMA, &nodes);
    project.run(&database, &["check"]).ok();
    there_and_back(&project, &database);
    project.run(&database, &["up", "3"]).ok();
    // What stood is not looked at; what comes is.
    assert_eq!(database.query("SELECT convalidated FROM pg_constraint WHERE conname = 'posts_author_fk'"), "f");
    assert_eq!(database.query("SELECT words FROM blog.totals WHERE author_id = 99"), "20");
    assert_eq!(database.query("SELECT count(*) FROM blog.authors WHERE mail = 'ADA@EXAMPLE.COM'"), "1");
    project.run(&database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
    // An extension that stood before stays.
    database.execute("CREATE EXTENSION citext");
    project.run(&database, &["up", "4"]).ok();
    project.run(&database, &["reset"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM pg_extension WHERE extname = 'citext'"), "1");
}

const TABLE: &str = "[[up]]\ncreate_table = \"words\"\ncolumns = { id = \"integer\", word = \"text\" }\n\n\
                     [[up]]\ninsert = \"words\"\nrows = [{ id = 1, word = \"a\" }, { id = 2, word = \"a\" }]\n";
const INDEX: &str = "transaction = false\n\n[[up]]\ncreate_index = \"words_word_key\"\non = \"words\"\ncolumns = [\"word\"]\nunique = true\nconcurrently = true\n";
const GONE: &str =
    "transaction = false\n\n[[up]]\ndrop_index = \"words_word_key\"\non = \"words\"\nconcurrently = true\n";

#[test]
fn postgres_makes_indexes_while_others_write() {
    let database = PostgresDatabase::create();
    let project = Project::of(SCHEMA, &[("1_table", TABLE), ("2_index", INDEX), ("3_gone", GONE)]);
    project.run(&database, &["check"]).ok();
    // Rows in its way leave an index that is not valid; it is cleared away when the run goes on.
    let said = project.run(&database, &["up", "2"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("could not create unique index"), "{}", said.stderr);
    assert_eq!(database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'words_word_key'::regclass"), "f");
    let said = project.run(&database, &["latest"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    database.execute("UPDATE words SET word = 'b' WHERE id = 2");
    project.run(&database, &["up"]).ok();
    assert_eq!(database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'words_word_key'::regclass"), "t");
    project.run(&database, &["up"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'words'"), "0");
    project.run(&database, &["down"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'words'"), "1");
    project.run(&database, &["reset", "--transaction", "chunks"]).ok();
    assert_eq!(database.schema(), "");
}

/// Inside a transaction PostgreSQL refuses it, and so does the check.
#[test]
fn an_index_made_while_others_write_is_outside_a_transaction() {
    let inside = INDEX.trim_start_matches("transaction = false\n\n");
    let project = Project::of(SCHEMA, &[("1_table", TABLE), ("2_index", inside)]);
    let said = project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    let text = format!("{}{}", said.stdout, said.stderr);
    assert!(text.contains("error[needs-no-transaction]") && text.contains("`transaction = false`"), "{text}");
}

const CAST: &str = "[[up]]\ncreate_enum = \"mood\"\nvalues = [\"a\", \"b\"]\n\n\
                    [[up]]\ncreate_table = \"words\"\nprimary_key = [\"id\"]\ncolumns = { id = \"integer\", word = \"string(10)\" }\n\n\
                    [[up]]\ninsert = \"words\"\nkey = [\"id\"]\nrows = [{ id = 1, word = \"a\" }]\n";
const OVER_CASTS: &str = "[[up]]\ncreate_view = \"moods\"\nselect = \"SELECT word::mood AS mood FROM words\"\n\n\
                          [[up]]\nadd_check = \"words_mood\"\non = \"words\"\nexpr = \"word::mood <> 'b'\"\n\n\
                          [[up]]\ncreate_index = \"words_is_a\"\non = \"words\"\ncolumns = [{ expr = \"(CASE WHEN id = 1 THEN mood 'a' END)\" }]\n";

/// What casts to an enum stands on no column of it, and goes and comes back all the same when the type is made anew; and
/// renames that take turns are undone in the other order.
#[test]
fn postgres_makes_a_type_anew_under_casts() {
    let database = PostgresDatabase::create();
    let altered = "[[up]]\nalter_enum = \"mood\"\nadd = \"z\"\nafter = \"a\"\n";
    let turns = "[[up]]\ncreate_enum = \"size\"\nvalues = [\"a\", \"b\"]\n\n[[up]]\nalter_enum = \"size\"\nrename = { b = \"c\", a = \"b\" }\n";
    let nodes = [("1_cast", CAST), ("2_over", OVER_CASTS), ("3_altered", altered), ("4_turns", turns)];
    let project = Project::of(SCHEMA, &nodes);
    project.run(&database, &["check"]).ok();
    there_and_back(&project, &database);
}

/// A replacement that gives an argument a default cannot take it away again in its place.
#[test]
fn postgres_replaces_a_function_by_one_with_a_default() {
    let database = PostgresDatabase::create();
    let function = |arg: &str| {
        format!(
            "definition = \"CREATE FUNCTION twice(n integer{arg}) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'\"\n"
        )
    };
    let made = format!("[[up]]\ncreate_function = \"twice(integer)\"\n{}", function(""));
    let replaced = format!("[[up]]\nreplace_function = \"twice(integer)\"\n{}", function(" DEFAULT 1"));
    there_and_back(&Project::of(SCHEMA, &[("1_made", &made), ("2_replaced", &replaced)]), &database);
}

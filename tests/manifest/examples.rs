//! An example of each verb, and what stands before it: written into the reference, and run on each database.

/// What stands before each example.
const BASE: &str = r#"[[up]]
create_table = "users"
primary_key = ["id"]
columns = { id = { type = "bigint", auto_increment = true }, email = "string(200)", name = "string(80)" }
uniques = { users_email_key = ["email"] }

[[up]]
create_table = "posts"
columns = { id = "bigint", author_id = "bigint", title = "string(200)", slug = { type = "string(80)", null = true }, words = { type = "integer", null = true } }
indexes = { posts_title_idx = { columns = ["title"] } }
foreign_keys = { posts_author_fk = { columns = ["author_id"], references = "users.id" } }
checks = { posts_words_check = "words >= 0" }

[[up]]
create_view = "titles"
select = "SELECT title FROM posts"
"#;

/// What stands before the examples of functions.
const ONE: &str = r#"
[[up]]
create_function = "one()"
definition = { postgres = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", mysql = "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1" }
backends = ["postgres", "mysql"]
reads = ["users"]
"#;

/// What stands before the examples of extensions and schemas that go.
const OF_POSTGRES: &str = r#"
[[up]]
create_extension = "unaccent"
backends = ["postgres"]

[[up]]
create_schema = "shop"
backends = ["postgres"]
"#;

/// What stands before the example of `alter_enum`.
const MOODS: &str = r#"
[[up]]
create_enum = "mood"
values = ["glad", "sad"]

[[up]]
create_table = "days"
columns = { day = "date", mood = { type = "enum(mood)", default = "glad" } }
"#;

/// What stands before the examples of columns that others are computed from.
const LINES: &str = "\n[[up]]\ncreate_table = \"lines\"\ncolumns = { a = \"integer\", b = { type = \"integer\", generated = \"a + 1\" } }\n";

/// What stands before the example of `drop_trigger`.
const KEPT: &str = r#"
[[up]]
create_trigger = "posts_kept"
on = "posts"

[up.definition]
sqlite = "CREATE TRIGGER posts_kept BEFORE DELETE ON posts BEGIN SELECT RAISE(ABORT, 'kept'); END"
postgres = "CREATE TRIGGER posts_kept BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
mysql = "CREATE TRIGGER posts_kept BEFORE DELETE ON posts FOR EACH ROW SIGNAL SQLSTATE '45000'"
"#;

/// An example of each verb, in the order of the page.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "create_table",
        "create_table = \"comments\"\nprimary_key = [\"id\"]\n\n[up.columns]\nid      = { type = \"bigint\", auto_increment = true }\nuser_id = { type = \"bigint\", null = true, references = \"users.id\", on_delete = \"set null\" }\nbody    = \"text\"\nscore   = { type = \"integer\", default = 0, check = \"score >= 0\" }\nmade_at = { type = \"timestamptz\", default = { expr = \"CURRENT_TIMESTAMP\" } }\n\n[up.indexes]\ncomments_user_idx = { columns = [\"user_id\", { column = \"made_at\", order = \"desc\" }] }",
    ),
    ("drop_table", "drop_table = \"posts\""),
    ("rename_table", "rename_table = \"users\"\nto = \"people\""),
    (
        "add_column",
        "add_column = \"users.born\"\ntype = \"integer\"\ndefault = 1970\nfill = { expr = \"length(name)\" }",
    ),
    ("drop_column", "drop_column = \"posts.slug\""),
    ("rename_column", "rename_column = \"users.name\"\nto = \"full_name\""),
    ("alter_column", "alter_column = \"posts.words\"\ntype = \"bigint\"\ndefault = 0"),
    ("create_index", "create_index = \"posts_slug_key\"\non = \"posts\"\ncolumns = [\"slug\"]\nunique = true"),
    ("drop_index", "drop_index = \"posts_title_idx\"\non = \"posts\""),
    ("rename_index", "rename_index = \"posts_title_idx\"\non = \"posts\"\nto = \"posts_by_title\""),
    (
        "add_foreign_key",
        "add_foreign_key = \"posts_editor_fk\"\non = \"posts\"\ncolumns = [\"id\"]\nreferences = \"users.id\"\non_delete = \"cascade\"",
    ),
    ("drop_foreign_key", "drop_foreign_key = \"posts_author_fk\"\non = \"posts\""),
    ("add_check", "add_check = \"posts_title_given\"\non = \"posts\"\nexpr = \"title <> ''\""),
    ("drop_check", "drop_check = \"posts_words_check\"\non = \"posts\""),
    ("add_unique", "add_unique = \"posts_slug_key\"\non = \"posts\"\ncolumns = [\"slug\"]"),
    ("drop_unique", "drop_unique = \"users_email_key\"\non = \"users\""),
    ("add_primary_key", "add_primary_key = \"posts\"\ncolumns = [\"id\"]"),
    ("drop_primary_key", "drop_primary_key = \"tags\""),
    ("create_view", "create_view = \"long_posts\"\nselect = \"SELECT id, title FROM posts WHERE words > 1000\""),
    ("replace_view", "replace_view = \"titles\"\nselect = \"SELECT title, slug FROM posts\""),
    ("drop_view", "drop_view = \"titles\""),
    (
        "create_function",
        "create_function = \"touch_post()\"\ndefinition = { postgres = \"\"\"
CREATE FUNCTION touch_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.words := coalesce(NEW.words, 0);
  RETURN NEW;
END $$\"\"\", mysql = \"CREATE FUNCTION touch_post() RETURNS INT DETERMINISTIC RETURN 0\" }\nbackends = [\"postgres\", \"mysql\"]",
    ),
    (
        "replace_function",
        "replace_function = \"one()\"\ndefinition = { postgres = \"CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'\", mysql = \"CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 2\" }\nbackends = [\"postgres\", \"mysql\"]",
    ),
    ("drop_function", "drop_function = \"one()\"\nbackends = [\"postgres\", \"mysql\"]"),
    (
        "create_trigger",
        "create_trigger = \"posts_count\"\non = \"posts\"\ndefinition = { sqlite = \"\"\"
CREATE TRIGGER posts_count AFTER INSERT ON posts BEGIN
  UPDATE posts SET words = 1 WHERE id = NEW.id AND words = 0;
END\"\"\", postgres = \"CREATE TRIGGER posts_count BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()\", mysql = \"CREATE TRIGGER posts_count BEFORE INSERT ON posts FOR EACH ROW SET NEW.words = coalesce(NEW.words, 0)\" }",
    ),
    ("drop_trigger", "drop_trigger = \"posts_kept\"\non = \"posts\""),
    ("create_enum", "create_enum = \"state\"\nvalues = [\"draft\", \"public\"]"),
    ("alter_enum", "alter_enum = \"mood\"\nadd = \"fair\"\nafter = \"glad\"\nrename = { sad = \"blue\" }"),
    ("drop_enum", "drop_enum = \"unused\""),
    ("create_extension", "create_extension = \"citext\"\nbackends = [\"postgres\"]"),
    ("drop_extension", "drop_extension = \"unaccent\"\nbackends = [\"postgres\"]"),
    ("create_schema", "create_schema = \"blog\"\nbackends = [\"postgres\"]"),
    ("drop_schema", "drop_schema = \"shop\"\nbackends = [\"postgres\"]"),
    (
        "insert",
        "insert = \"users\"\nkey = [\"email\"]\nrows = [{ email = \"ada@example.com\", name = \"Ada\" }, { email = \"bob@example.com\", name = { expr = \"upper('bob')\" } }]",
    ),
    (
        "update",
        "update = \"posts\"\nset = { words = 0 }\nwhere = \"words IS NULL\"\ndown = \"UPDATE posts SET words = NULL WHERE words = 0\"",
    ),
    ("delete", "delete = \"posts\"\nwhere = \"words = 0\"\nkeep = true"),
    ("sql", "sql = \"UPDATE posts SET words = words + 1\"\ndown = \"UPDATE posts SET words = words - 1\""),
    ("sql_file", "sql_file = \"names.sql\"\ndown = \"\""),
    ("note", "note = \"the search index is to be built again\""),
];

/// The file that the example of `sql_file` reads.
pub const NAMES: &str = "UPDATE users SET name = trim(name);\n";

/// What stands before an example.
pub fn base(node: &str) -> String {
    let drops_key = node.contains("drop_primary_key");
    let one = if node.contains("one()") { ONE } else { "" };
    let trigger = if node.contains("posts_kept") { KEPT } else { "" };
    let moods = if node.contains("mood") { MOODS } else { "" };
    let unused =
        if node.contains("unused") { "\n[[up]]\ncreate_enum = \"unused\"\nvalues = [\"a\", \"b\"]\n" } else { "" };
    let lines = if node.contains("lines") { LINES } else { "" };
    let of_postgres = if node.contains("unaccent") || node.contains("shop") { OF_POSTGRES } else { "" };
    if drops_key {
        "[[up]]\ncreate_table = \"tags\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\" }\n".to_owned()
    } else if node.contains("drop_table") {
        BASE.split("[[up]]\ncreate_view").next().unwrap_or_default().to_owned()
    } else {
        [BASE, one, trigger, moods, unused, lines, of_postgres].concat()
    }
}

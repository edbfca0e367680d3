//! (Long: one table.)
//! Every verb: what it is for, what its value names, which keys it has, and an example for the reference.
//!
//! To add a verb: a variant of [`Kind`], an entry here, and a function in `manifest/operations` that reads it. The compiler asks
//! for each of them.

use std::fmt::Display;
use std::ops::Deref;

use super::Shape::{Boolean, ByName, Either, Existing, Integer, List, Name, New, Set, String as Words, Text, Type, Value, Word};
use super::places::{
    COLLATION, COLUMN_KEYS, COLUMNS, COMMENT, FOREIGN_KEY_KEYS, INDEX_KEYS, OPERATION_KEYS, ROW, ROWS,
};
use super::{COLUMN, FOREIGN_KEY, Family, INDEX, Key, Place, Shape, Sql, Thing, key, required};
use crate::operation::{Kind, Operation};

/// What the grammar says of a verb.
#[derive(Debug)]
pub struct Entry {
    /// How it is written.
    pub name: &'static str,
    /// What it does, and how it is undone.
    pub meaning: &'static str,
    /// What may be written behind it.
    pub object: Shape,
    /// Its keys.
    pub place: Place,
    /// An operation that the reference shows, and the tests run over rows on each database.
    pub example: Example,
}

/// An example of an operation.
#[derive(Debug)]
pub struct Example {
    /// What it needs besides the tables `users` and `posts`: operations, each with its `[[up]]`.
    pub setup: &'static str,
    /// The operation, without its `[[up]]`.
    pub toml: &'static str,
}

impl Example {
    /// The migration before every example: it creates the tables `users` and `posts`.
    pub const BASE: &str = r#"[[up]]
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

"#;

    /// The file that the example of `sql_file` reads: its name, and what is in it.
    pub const SQL_FILE: [&str; 2] = ["names.sql", "UPDATE users SET name = trim(name);\n"];
}

macro_rules! verbs {
    ($($verb:ident $name:literal $($kind:pat => $object:expr)?, $family:ident($shape:expr), $meaning:literal, $keys:expr, $setup:expr, $toml:literal;)+) => {
        /// A verb: what an operation does. It is its [`Entry`] in the grammar.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $verb,)+
        }

        impl Verb {
            /// Every verb, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$verb),+];

            /// A verb by its name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|verb| verb.name == name)
            }

            /// What the grammar says of it.
            #[must_use]
            pub fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$verb => {
                        static ENTRY: Entry = Entry {
                            name: $name,
                            meaning: $meaning,
                            object: $shape,
                            place: Place::new(concat!("`", $name, "`"), Family::$family, $keys).with(OPERATION_KEYS),
                            example: Example { setup: $setup, toml: $toml },
                        };
                        &ENTRY
                    })+
                }
            }
        }

        impl Deref for Verb {
            type Target = Entry;

            fn deref(&self) -> &'static Entry {
                self.entry()
            }
        }

        impl Operation {
            /// The verb as manifests write it: `create_table`. That of a `sql_file` is `sql`: its file was read.
            #[must_use]
            #[expect(unused_variables, reason = "the patterns are those of the title")]
            pub const fn verb(&self) -> &'static str {
                match &self.kind { $($($kind => $name,)?)+ }
            }

            /// The verb and its object, for people and JSON: `create_table posts`.
            #[must_use]
            pub fn title(&self) -> String {
                match &self.kind { $($($kind => titled($name, &$object),)?)+ }
            }
        }
    };
}

fn titled(verb: &str, object: &dyn Display) -> String {
    let title = format!("{verb} {object}");
    title.strip_suffix(' ').map(str::to_owned).unwrap_or(title)
}

fn joined<T: Display>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

const ON: Key = required("on", Existing(Thing::Table), "its table");
const ON_TABLE: &[Key] = &[ON];
const TO: Key = required("to", Name, "the new name");
const FILL: &str = "the value for existing rows";
const COLLATED: Key = key("collation", COLLATION, "how it is compared and sorted: the database's own word for it");
const CONCURRENTLY: Key = key("concurrently", Boolean, "while others write to the table; the migration needs `transaction = false` (PostgreSQL; elsewhere as the database does it)");
const SELECT: Key = required("select", Text(Sql::Query), "its query");
const READS_OF_VIEW: Key = key("reads", DECLARED, "the tables that it reads, besides those found in its query");
const DEFINITION: Key = required("definition", Text(Sql::Definition), "the whole statement that creates it, from CREATE to the end of its body");
const DECLARED: Shape = Set(&Existing(Thing::Any));
const READS: Key = key("reads", DECLARED, "what it reads: `table`, `table.column`, `kind:name`; besides what is found in it");
const WRITES: Key = key("writes", DECLARED, "what it writes: `table`, `table.column`, `kind:name`; besides what is found in it");
const VALUES: Shape = Set(&NEW_VALUE);
const NEW_VALUE: Shape = New(Thing::EnumValue);
const TEXTS: Shape = Either(&[STATEMENT, List(1, &STATEMENT)]);
const STATEMENT: Shape = Text(Sql::Statement);
const DOWN: Key = key("down", TEXTS, "SQL that undoes it; `\"\"` if there is nothing to undo");
const CONDITION: Shape = Text(Sql::Condition);
const KEEP: Key = key("keep", Boolean, "the rows are first copied to a side table, and restored from it when this is undone");
const SQL_KEYS: &[Key] = &[
    DOWN,
    key("down_file", Words, "a file of SQL that undoes it"),
    READS,
    WRITES,
    key("creates", DECLARED, "what it creates: `table`, `table.column`, `kind:name`; besides what is found in it"),
    key("drops", DECLARED, "what it drops: `table`, `table.column`, `kind:name`; besides what is found in it"),
    key("batch", Boolean, "one string may hold several statements"),
];

verbs! {
    CreateTable "create_table" Kind::CreateTable(def) => def.table, Operation(New(Thing::Table)),
        "creates a table; undone by dropping it", &[&[
            required("columns", ByName(1, &New(Thing::OwnColumn), &Either(&[Type, Shape::Table(&COLUMN)])), "the columns, in the order written: a type, or a table with `type`"),
            key("primary_key", COLUMNS, "the columns of the primary key"),
            key("indexes", ByName(0, &New(Thing::Index), &Shape::Table(&INDEX)), "indexes by name"),
            key("foreign_keys", ByName(0, &New(Thing::ForeignKey), &Shape::Table(&FOREIGN_KEY)), "foreign keys by name"),
            key("uniques", ByName(0, &New(Thing::Unique), &COLUMNS), "unique constraints by name, each a list of columns"),
            key("checks", ByName(0, &New(Thing::Check), &CONDITION), "checks by name, each a condition"),
            key("options", Text(Sql::TableOptions), "table options after the closing parenthesis: `STRICT`, `ENGINE=InnoDB`"),
            COMMENT,
        ]], "",
r#"create_table = "comments"
primary_key = ["id"]

[up.columns]
id      = { type = "bigint", auto_increment = true }
user_id = { type = "bigint", null = true, references = "users.id", on_delete = "set null" }
body    = "text"
score   = { type = "integer", default = 0, check = "score >= 0" }
made_at = { type = "timestamptz", default = { expr = "CURRENT_TIMESTAMP" } }

[up.indexes]
comments_user_idx = { columns = ["user_id", { column = "made_at", order = "desc" }] }"#;

    DropTable "drop_table" Kind::DropTable { table } => table, Operation(Existing(Thing::Table)),
        "drops a table; undone by creating it as it was, without its rows", &[], "",
r#"drop_table = "posts""#;

    RenameTable "rename_table" Kind::RenameTable { table, .. } => table, Operation(Existing(Thing::Table)),
        "renames a table, and the names generated from it", &[&[TO]], "",
r#"rename_table = "users"
to = "people""#;

    AddColumn "add_column" Kind::AddColumn { table, column } => format_args!("{table}.{}", column.name), Column(New(Thing::Column)),
        "adds a column, `table.column`; undone by dropping it", &[COLUMN_KEYS, &[key("fill", Value, FILL)]], "",
r#"add_column = "users.born"
type = "integer"
default = 1970
fill = { expr = "length(name)" }"#;

    DropColumn "drop_column" Kind::DropColumn { columns, .. } => joined(columns), Operation(Either(&[Existing(Thing::Column), List(1, &Existing(Thing::Column))])),
        "drops a column, or several; undone by adding it again, without its values", &[&[
            key("refill", Value, "the value that rows get when the column is added again"),
        ]], "",
r#"drop_column = "posts.slug""#;

    RenameColumn "rename_column" Kind::RenameColumn { column, .. } => column, Operation(Existing(Thing::Column)),
        "renames a column, `table.column`", &[&[TO]], "",
r#"rename_column = "users.name"
to = "full_name""#;

    AlterColumn "alter_column" Kind::AlterColumn { column, .. } => column, AlterColumn(Existing(Thing::Column)),
        "changes a column's type, null, default and the like; undone by what it was before", &[&[
            key("type", Type, "the new type"),
            key("null", Boolean, "whether it allows NULL from now on"),
            key("default", Value, "the new default"),
            COLLATED,
            COMMENT,
            key("using", Text(Sql::Expression), "the new value from the old one, where the types do not convert by themselves").needs("type"),
            key("using_down", Text(Sql::Expression), "the old value from the new one, when this is undone").needs("type"),
            key("fill", Value, FILL),
            key("unset", Set(&Word(&["default", "auto_increment", "comment", "collation"])), "what the column loses"),
        ]], "",
r#"alter_column = "posts.words"
type = "bigint"
default = 0"#;

    CreateIndex "create_index" Kind::CreateIndex { index, .. } => index.name, Operation(New(Thing::Index)),
        "creates an index; undone by dropping it", &[ON_TABLE, &INDEX_KEYS, &[CONCURRENTLY]], "",
r#"create_index = "posts_slug_key"
on = "posts"
columns = ["slug"]
unique = true"#;

    DropIndex "drop_index" Kind::DropIndex { name, .. } => name, Operation(Existing(Thing::Index)),
        "drops an index; undone by creating it again", &[&[ON, CONCURRENTLY]], "",
r#"drop_index = "posts_title_idx"
on = "posts""#;

    RenameIndex "rename_index" Kind::RenameIndex { name, .. } => name, Operation(Existing(Thing::Index)),
        "renames an index", &[&[ON, TO]], "",
r#"rename_index = "posts_title_idx"
on = "posts"
to = "posts_by_title""#;

    AddForeignKey "add_foreign_key" Kind::AddForeignKey { foreign_key, .. } => foreign_key.name, Operation(New(Thing::ForeignKey)),
        "adds a foreign key; undone by dropping it", &[ON_TABLE, FOREIGN_KEY_KEYS], "",
r#"add_foreign_key = "posts_editor_fk"
on = "posts"
columns = ["id"]
references = "users.id"
on_delete = "cascade""#;

    DropForeignKey "drop_foreign_key" Kind::DropForeignKey { name, .. } => name, Operation(Existing(Thing::ForeignKey)),
        "drops a foreign key; undone by adding it again", &[ON_TABLE], "",
r#"drop_foreign_key = "posts_author_fk"
on = "posts""#;

    AddCheck "add_check" Kind::AddCheck { check, .. } => check.name, Operation(New(Thing::Check)),
        "adds a check; undone by dropping it", &[&[ON, required("expr", CONDITION, "the condition")]], "",
r#"add_check = "posts_title_given"
on = "posts"
expr = "title <> ''""#;

    DropCheck "drop_check" Kind::DropCheck { name, .. } => name, Operation(Existing(Thing::Check)),
        "drops a check; undone by adding it again", &[ON_TABLE], "",
r#"drop_check = "posts_words_check"
on = "posts""#;

    AddUnique "add_unique" Kind::AddUnique { unique, .. } => unique.name, Operation(New(Thing::Unique)),
        "adds a unique constraint; undone by dropping it", &[&[ON, required("columns", COLUMNS, "its columns")]], "",
r#"add_unique = "posts_slug_key"
on = "posts"
columns = ["slug"]"#;

    DropUnique "drop_unique" Kind::DropUnique { name, .. } => name, Operation(Existing(Thing::Unique)),
        "drops a unique constraint; undone by adding it again", &[ON_TABLE], "",
r#"drop_unique = "users_email_key"
on = "users""#;

    AddPrimaryKey "add_primary_key" Kind::AddPrimaryKey { table, .. } => table, Operation(Existing(Thing::Table)),
        "adds a primary key to a table; undone by dropping it", &[&[required("columns", COLUMNS, "its columns")]], "",
r#"add_primary_key = "posts"
columns = ["id"]"#;

    DropPrimaryKey "drop_primary_key" Kind::DropPrimaryKey { table } => table, Operation(Existing(Thing::Table)),
        "drops the primary key of a table; undone by adding it again", &[],
r#"[[up]]
create_table = "tags"
primary_key = ["id"]
columns = { id = "bigint" }
"#,
r#"drop_primary_key = "tags""#;

    CreateView "create_view" Kind::CreateView { view, .. } => view, Operation(New(Thing::View)),
        "creates a view; undone by dropping it", &[&[
            SELECT,
            key("materialized", Boolean, "its rows are stored, and computed again by `REFRESH MATERIALIZED VIEW` (PostgreSQL); replacing it drops the indexes that SQL created on it"),
            READS_OF_VIEW,
        ]], "",
r#"create_view = "long_posts"
select = "SELECT id, title FROM posts WHERE words > 1000""#;

    ReplaceView "replace_view" Kind::ReplaceView { view, .. } => view, Operation(Existing(Thing::View)),
        "drops a view and creates it again with another query; undone by the query before", &[&[SELECT, READS_OF_VIEW]], TITLES,
r#"replace_view = "titles"
select = "SELECT title, slug FROM posts""#;

    DropView "drop_view" Kind::DropView { view } => view, Operation(Existing(Thing::View)),
        "drops a view; undone by creating it as it was", &[], TITLES,
r#"drop_view = "titles""#;

    CreateFunction "create_function" Kind::CreateFunction { function, .. } => function, Operation(New(Thing::Function)),
        "creates a function or procedure, `name(types)`; undone by dropping it", &[&[DEFINITION, READS, WRITES]], "",
r#"create_function = "touch_post()"
definition = { postgres = """
CREATE FUNCTION touch_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.words := coalesce(NEW.words, 0);
  RETURN NEW;
END $$""", mysql = "CREATE FUNCTION touch_post() RETURNS INT DETERMINISTIC RETURN 0" }
backends = ["postgres", "mysql"]"#;

    ReplaceFunction "replace_function" Kind::ReplaceFunction { function, .. } => function, Operation(Existing(Thing::Function)),
        "replaces the definition of a function; undone by the one before", &[&[DEFINITION, READS, WRITES]], ONE,
r#"replace_function = "one()"
definition = { postgres = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'", mysql = "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 2" }
backends = ["postgres", "mysql"]"#;

    DropFunction "drop_function" Kind::DropFunction { function } => function, Operation(Existing(Thing::Function)),
        "drops a function or procedure, `name(types)`; undone by creating it as it was", &[], ONE,
r#"drop_function = "one()"
backends = ["postgres", "mysql"]"#;

    CreateTrigger "create_trigger" Kind::CreateTrigger { name, .. } => name, Operation(New(Thing::Trigger)),
        "creates a trigger; undone by dropping it", &[&[ON, DEFINITION]], "",
r#"create_trigger = "posts_count"
on = "posts"
definition = { sqlite = """
CREATE TRIGGER posts_count AFTER INSERT ON posts BEGIN
  UPDATE posts SET words = 1 WHERE id = NEW.id AND words = 0;
END""", postgres = "CREATE TRIGGER posts_count BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", mysql = "CREATE TRIGGER posts_count BEFORE INSERT ON posts FOR EACH ROW SET NEW.words = coalesce(NEW.words, 0)" }"#;

    DropTrigger "drop_trigger" Kind::DropTrigger { name, .. } => name, Operation(Existing(Thing::Trigger)),
        "drops a trigger; undone by creating it as it was", &[ON_TABLE],
r#"[[up]]
create_trigger = "posts_kept"
on = "posts"

[up.definition]
sqlite = "CREATE TRIGGER posts_kept BEFORE DELETE ON posts BEGIN SELECT RAISE(ABORT, 'kept'); END"
postgres = "CREATE TRIGGER posts_kept BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
mysql = "CREATE TRIGGER posts_kept BEFORE DELETE ON posts FOR EACH ROW SIGNAL SQLSTATE '45000'"
"#,
r#"drop_trigger = "posts_kept"
on = "posts""#;

    CreateEnum "create_enum" Kind::CreateEnum { name, .. } => name, Operation(New(Thing::Enum)),
        "creates an enum, whose values have the type `enum(name)`; undone by dropping it", &[&[required("values", VALUES, "its values, in order")]], "",
r#"create_enum = "state"
values = ["draft", "public"]"#;

    AlterEnum "alter_enum" Kind::AlterEnum { name, .. } => name, Operation(Existing(Thing::Enum)),
        "adds values to an enum, or renames some; undone by removing them, for which the type is created again", &[&[
            key("add", Either(&[NEW_VALUE, VALUES]), "a value to add, or a list of them"),
            key("after", Existing(Thing::EnumValue), "the existing value that they come after; by default they come last").needs("add"),
            key("rename", ByName(1, &Existing(Thing::EnumValue), &NEW_VALUE), "values to rename: `{ old = \"new\" }`; existing rows follow"),
        ]],
r#"[[up]]
create_enum = "mood"
values = ["glad", "sad"]

[[up]]
create_table = "days"
columns = { day = "date", mood = { type = "enum(mood)", default = "glad" } }
"#,
r#"alter_enum = "mood"
add = "fair"
after = "glad"
rename = { sad = "blue" }"#;

    DropEnum "drop_enum" Kind::DropEnum { name } => name, Operation(Existing(Thing::Enum)),
        "drops an enum; undone by creating it again", &[],
r#"[[up]]
create_enum = "unused"
values = ["a", "b"]
"#,
r#"drop_enum = "unused""#;

    CreateExtension "create_extension" Kind::CreateExtension { name } => name, Operation(New(Thing::Extension)),
        "creates an extension if it does not exist; undone by dropping it, unless it existed before", &[], "",
r#"create_extension = "citext"
backends = ["postgres"]"#;

    DropExtension "drop_extension" Kind::DropExtension { name } => name, Operation(Existing(Thing::Extension)),
        "drops an extension; undone by creating it again", &[],
r#"[[up]]
create_extension = "unaccent"
backends = ["postgres"]
"#,
r#"drop_extension = "unaccent"
backends = ["postgres"]"#;

    CreateSchema "create_schema" Kind::CreateSchema { name } => name, Operation(New(Thing::Schema)),
        "creates a schema; undone by dropping it", &[], "",
r#"create_schema = "blog"
backends = ["postgres"]"#;

    DropSchema "drop_schema" Kind::DropSchema { name } => name, Operation(Existing(Thing::Schema)),
        "drops an empty schema; undone by creating it again", &[],
r#"[[up]]
create_schema = "shop"
backends = ["postgres"]
"#,
r#"drop_schema = "shop"
backends = ["postgres"]"#;

    CreateSequence "create_sequence" Kind::CreateSequence { name, .. } => name, Operation(New(Thing::Sequence)),
        "creates a sequence (PostgreSQL, MariaDB); undone by dropping it", &[&[
            key("start", Integer, "the first number"),
            key("increment", Integer, "what is added for the next number (default 1)"),
            key("min", Integer, "the least number"),
            key("max", Integer, "the greatest number"),
            key("cycle", Boolean, "after the last number comes the first again"),
            key("owned_by", Existing(Thing::Column), "the column that it is for, which cannot be dropped before it").only(&[crate::backend::Backend::Postgres]),
        ]], "",
r#"create_sequence = "invoice_numbers"
start = 1000
increment = 10
max = 9000
cycle = true
backends = ["postgres", "mysql"]"#;

    DropSequence "drop_sequence" Kind::DropSequence { name } => name, Operation(Existing(Thing::Sequence)),
        "drops a sequence that no default needs; undone by creating it again, from its first number", &[],
r#"[[up]]
create_sequence = "ticket_numbers"
backends = ["postgres", "mysql"]
"#,
r#"drop_sequence = "ticket_numbers"
backends = ["postgres", "mysql"]"#;

    Insert "insert" Kind::Insert { table, .. } => table, Operation(Existing(Thing::Table)),
        "inserts rows into a table; undone by deleting them", &[&[
            required("rows", ROWS, "the rows, each a table of column and value"),
            key("key", COLUMNS, "columns by which the rows are found again to undo it"),
            DOWN,
        ]], "",
r#"insert = "users"
key = ["email"]
rows = [{ email = "ada@example.com", name = "Ada" }, { email = "bob@example.com", name = { expr = "upper('bob')" } }]"#;

    Update "update" Kind::Update { table, .. } => table, Operation(Existing(Thing::Table)),
        "updates rows; undone by `down` or `keep`", &[&[
            required("set", ROW, "the columns to change, with their new values"),
            key("where", CONDITION, "which rows: a condition"),
            KEEP,
            DOWN,
        ]], "",
r#"update = "posts"
set = { words = 0 }
where = "words IS NULL"
down = "UPDATE posts SET words = NULL WHERE words = 0""#;

    Delete "delete" Kind::Delete { table, .. } => table, Operation(Existing(Thing::Table)),
        "deletes rows; undone by `down` or `keep`", &[&[required("where", CONDITION, "which rows: a condition"), KEEP, DOWN]], "",
r#"delete = "posts"
where = "words = 0"
keep = true"#;

    Sql "sql" Kind::Sql { .. } => "", Operation(TEXTS),
        "your own SQL: a statement, or a list of them; undone by `down`", &[SQL_KEYS], "",
r#"sql = "UPDATE posts SET words = words + 1"
down = "UPDATE posts SET words = words - 1""#;

    SqlFile "sql_file", Operation(Words),
        "a file of SQL; undone by `down` or `down_file`", &[SQL_KEYS], "",
r#"sql_file = "names.sql"
down = """#;

    Note "note" Kind::Note { .. } => "", Operation(Words),
        "a message shown to whoever runs it", &[], "",
r#"note = "the search index is to be built again""#;
}

/// A view, for the examples that change or drop it.
const TITLES: &str = r#"[[up]]
create_view = "titles"
select = "SELECT title FROM posts"
"#;

/// A function, for the examples that change or drop it.
const ONE: &str = r#"[[up]]
create_function = "one()"
definition = { postgres = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", mysql = "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1" }
backends = ["postgres", "mysql"]
reads = ["users"]
"#;

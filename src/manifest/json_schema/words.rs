//! What each key means, for a person in an editor.

/// The keys that an operation cannot go without, besides its verb.
pub(super) fn required(verb: &str) -> &'static [&'static str] {
    match verb {
        "create_table" | "add_primary_key" => &["columns"],
        "rename_table" | "rename_column" => &["to"],
        "add_column" => &["type"],
        "create_index" | "add_unique" => &["on", "columns"],
        "rename_index" => &["on", "to"],
        "add_foreign_key" => &["on", "columns", "references"],
        "add_check" => &["on", "expr"],
        "drop_index" | "drop_foreign_key" | "drop_check" | "drop_unique" => &["on"],
        "create_view" | "replace_view" => &["select"],
        "create_function" | "replace_function" => &["definition"],
        "create_enum" => &["values"],
        "create_trigger" => &["on", "definition"],
        "drop_trigger" => &["on"],
        "insert" => &["rows"],
        "update" => &["set"],
        "delete" => &["where"],
        _ => &[],
    }
}

/// What a key of a place means; `""` is the place of the verbs.
pub(super) fn of(place: &str, key: &str) -> Option<&'static str> {
    Some(match (place, key) {
        ("", verb) => of_verb(verb)?,
        ("`schema.toml`", key) => of_schema(key)?,
        ("`[project]`", "name") => "the project's name, which backups and messages are called after",
        ("`[project]`", "backends") => "the backends that every migration must run on; `check` covers each",
        ("`[project]`", "order") => {
            "`graph`: migrations require what they name; `linear`: each requires the one before it"
        }
        ("`[migrations]`", "path") => "the folder whose files VERSION_name.toml are migrations",
        ("an environment", "url") => {
            "where the database is; a whole value `$NAME` is read from the environment or `.env`"
        }
        ("an environment", "protected") => "destructive runs need --allow-protected, and --yes or the name typed",
        ("an environment", "backup") => "a folder that a backup is written to before a destructive run",
        ("`[hooks]`", "on_failure") => "a shell command, run when a command has failed",
        ("`[hooks]`", key) if key.starts_with("before_") => "a shell command, run before this command changes anything",
        ("`[hooks]`", _) => "a shell command, run when this command is done",
        ("a migration's file" | "a migration", key) => of_node(key)?,
        ("a seed", "insert") => "the table to load rows into",
        ("a seed", "key") => "columns by which a row is found that is there already: it is brought up to date",
        ("a seed", "sql_file") => "a file of SQL; that it may run twice is its author's duty",
        ("a part of an index", "column") => "a column of the table",
        ("a part of an index", "expr") => "an expression over the table's columns (SQLite, PostgreSQL)",
        ("a part of an index", "order") => "ascending (as if it were not said) or descending",
        ("a part of an index", "nulls") => "where NULLs sort",
        ("a part of an index", "length") => "leading characters only (MySQL)",
        ("a part of an index", "collation") => "sorts by this collation (SQLite, PostgreSQL)",
        ("a part of an index", "opclass") => "the operator class (PostgreSQL)",
        ("`create_table`", "columns") => "the columns, in the order written: a type, or a table with `type`",
        ("`create_table`", "primary_key") => "the columns of the primary key",
        ("`create_table`", "indexes") => "indexes by name",
        ("`create_table`", "foreign_keys") => "foreign keys by name",
        ("`create_table`", "uniques") => "unique constraints by name, each a list of columns",
        ("`create_table`", "checks") => "checks by name, each a condition",
        ("`create_table`", "options") => "what stands after the closing bracket: `STRICT`, `ENGINE=InnoDB`",
        ("an index" | "`create_index`", "columns") => {
            "what it is over, in order: names, or tables with `column` or `expr`"
        }
        ("an index" | "`create_index`", "unique") => "no two rows alike",
        ("an index" | "`create_index`", "where") => "which rows it holds (SQLite, PostgreSQL)",
        ("an index" | "`create_index`", "using") => "its method: btree, gin, … (PostgreSQL, MySQL)",
        ("a foreign key" | "`add_foreign_key`", "columns") => "the referring columns",
        ("a foreign key" | "`add_foreign_key`", "references") => {
            "the column pointed to, `table.column`, or a list of them"
        }
        ("`add_unique`" | "`add_primary_key`", "columns") => "its columns",
        ("`alter_column`", "type") => "the new type",
        ("`alter_column`", "using") => "the new value from the old one, where the types do not convert by themselves",
        ("`alter_column`", "using_down") => "the old value from the new one, on the way down",
        ("`alter_column`", "unset") => "what the column loses",
        ("`alter_column`", "null") => "whether it may be NULL from now on",
        ("`alter_column`", "default") => "the new default",
        ("`create_view`" | "`replace_view`", "reads") => "the tables that it reads, besides those seen in its query",
        ("`update`" | "`delete`", "where") => "which rows: a condition",
        ("`insert`", "key") => "columns by which the way down finds the rows again",
        ("`drop_column`", "refill") => "the value that rows get when the column comes back on the way down",
        (_, key) => of_any(key)?,
    })
}

fn of_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "create_table" => "makes a table; undone by dropping it",
        "drop_table" => "drops a table; undone by making it again as it was, without its rows",
        "rename_table" => "renames a table, and the names generated from it",
        "add_column" => "adds a column, `table.column`; undone by dropping it",
        "drop_column" => "drops a column, or several; undone by adding it again, without its values",
        "rename_column" => "renames a column, `table.column`",
        "alter_column" => "changes what is said of a column: type, null, default; undone by what was before",
        "create_index" => "makes an index; undone by dropping it",
        "drop_index" => "drops an index; undone by making it again",
        "rename_index" => "renames an index",
        "add_foreign_key" => "adds a foreign key with that name",
        "drop_foreign_key" => "drops a foreign key; undone by adding it again",
        "add_check" => "adds a check with that name",
        "drop_check" => "drops a check; undone by adding it again",
        "add_unique" => "adds a unique constraint with that name",
        "drop_unique" => "drops a unique constraint; undone by adding it again",
        "add_primary_key" => "adds a primary key to a table",
        "drop_primary_key" => "drops the primary key of a table; undone by adding it again",
        "create_view" => "makes a view; undone by dropping it",
        "replace_view" => "drops a view and makes it again with another query; undone by the one before",
        "drop_view" => "drops a view; undone by making it again as it was",
        "create_function" => "makes a function or procedure, `name(types)`; undone by dropping it",
        "replace_function" => "puts another definition in the place of a function's; undone by the one before",
        "drop_function" => "drops a function or procedure, `name(types)`; undone by making it again as it was",
        "create_trigger" => "makes a trigger; undone by dropping it",
        "drop_trigger" => "drops a trigger; undone by making it again as it was",
        "create_extension" => {
            "creates an extension where it does not stand; undone by dropping it, unless it stood before"
        }
        "drop_extension" => "drops an extension; undone by creating it again",
        "create_schema" => "creates a schema; undone by dropping it",
        "drop_schema" => "drops a schema with nothing in it; undone by creating it again",
        "create_enum" => "makes an enum, whose values are the type `enum(name)`; undone by dropping it",
        "alter_enum" => "adds values to an enum, or renames some; undone by taking them away, the type made anew",
        "drop_enum" => "drops an enum; undone by making it again",
        "insert" => "puts rows into a table; undone by deleting them",
        "update" => "changes rows; undone by `down`",
        "delete" => "deletes rows; undone by `down`",
        "sql" => "SQL of one's own: a statement, or a list of them; undone by `down`",
        "sql_file" => "a file of SQL; undone by `down` or `down_file`",
        "note" => "words for whoever runs it",
        _ => return None,
    })
}

fn of_schema(key: &str) -> Option<&'static str> {
    Some(match key {
        "project" => "what the project is called and which backends it runs on",
        "migrations" => "where the migrations are",
        "database" => "the environment `development`",
        "environments" => "environments by name, chosen with --env",
        "checks" => "how serious each finding of `check` is",
        "hooks" => "shell commands around runs; variables DBMIGRATE_… tell them what runs",
        "seed" => "rows for `dbmigrate seed`",
        "migration" => "migrations written here instead of in files of their own",
        _ => return None,
    })
}

fn of_node(key: &str) -> Option<&'static str> {
    Some(match key {
        "version" => "its version: a whole number above 0, at most 20 digits",
        "name" => "its name, which others require it by",
        "description" => "what it is for",
        "requires" => "the migrations that must be applied before it",
        "transaction" => "`false`: it cannot run inside a transaction",
        "backends" => "the backends that its operations run on; the others skip them",
        "irreversible" => "why there is no way down",
        "up" => "what it does, an operation each",
        "down" => "its whole way down, instead of the derived one",
        _ => return None,
    })
}

fn of_any(key: &str) -> Option<&'static str> {
    Some(match key {
        "backends" => "the backends that this runs on; the others skip it",
        "irreversible" => "why there is no way down",
        "type" => "the type, or one for each backend",
        "null" => "may it be NULL? Not unless this says so",
        "default" => "what an insert without it gets: a literal, or `{ expr = … }`",
        "auto_increment" => "it numbers itself",
        "unique" => "a unique constraint over this column alone",
        "references" => "a foreign key to `table.column`",
        "on_delete" => "what happens when the row pointed to goes",
        "on_update" => "what happens when the key pointed to changes",
        "comment" => "words about it, kept in the database (PostgreSQL, MySQL)",
        "deferrable" => {
            "the key can wait: `immediate` (looked at with each statement, unless a transaction says otherwise) or `deferred` (not MySQL)"
        }
        "generated" => "the expression that it is computed from, over its row",
        "stored" => "`false`: computed when it is read, and not kept (SQLite, MySQL)",
        "collation" => "how it is compared and sorted: the database's own word for it",
        "check" => "a condition that every row meets",
        "fill" => "the value for the rows already there",
        "to" => "the new name",
        "on" => "its table",
        "expr" => "the condition",
        "include" => "columns that it carries beside (PostgreSQL)",
        "with" => "storage parameters: `fillfactor = 70` (PostgreSQL)",
        "nulls_distinct" => "`false`: NULLs are alike, so two rows with NULL are one too many (PostgreSQL)",
        "select" => "its query",
        "materialized" => {
            "its rows are kept, and computed again by `REFRESH MATERIALIZED VIEW` (PostgreSQL); indexes that SQL makes on it go when it is replaced"
        }
        "concurrently" => {
            "while others write to the table; the migration needs `transaction = false` (PostgreSQL; elsewhere as the database does it)"
        }
        "validate" => "`false`: the rows that stand are not looked at (PostgreSQL; elsewhere they are)",
        "keep" => "the rows as they were are kept in a table beside, and come back on the way down",
        "values" => "its values, in order",
        "add" => "a value that comes, or a list of them",
        "after" => "the value that they stand behind; at the end where it is not said",
        "rename" => "values that get another name: `{ old = \"new\" }`; rows keep to them",
        "definition" => "the whole statement that makes it, from CREATE to the end of its body",
        "rows" => "the rows, each a table of column and value",
        "set" => "the columns that change, with their new values",
        "down" => "SQL that undoes it; `\"\"` where there is nothing to undo",
        "down_file" => "a file of SQL that undoes it",
        "reads" => "what it reads: `table`, `table.column`, `kind:name`; besides what is seen in it",
        "writes" => "what it writes: `table`, `table.column`, `kind:name`; besides what is seen in it",
        "creates" => "what it creates: `table`, `table.column`, `kind:name`; besides what is seen in it",
        "drops" => "what it drops: `table`, `table.column`, `kind:name`; besides what is seen in it",
        "batch" => "several statements stand in one string",
        _ => return None,
    })
}

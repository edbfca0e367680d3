//! Operations on a state: for each verb of the grammar, on each thing of the state that it can be about, with each of its
//! keys. Those that are not valid there are for the test to skip.

use std::fmt::Write;

use dbmigrate::backend::Backend;
use dbmigrate::manifest::{Files, parse};
use dbmigrate::operation::{DataType, Operation};
use dbmigrate::state::{ConstraintKind, State, Table};

/// Names that new things get; those that are free come first.
const NAMES: [&str; 6] = ["m", "n", "o", "p", "q", "r"];

/// The texts of operations on a state, each as it stands under `[[up]]`.
struct Texts<'s> {
    state: &'s State,
    /// A name that nothing has.
    fresh: &'static str,
    list: Vec<String>,
}

impl Texts<'_> {
    fn put(&mut self, text: impl Into<String>) {
        self.list.push(text.into());
    }

    fn all(&mut self, texts: impl IntoIterator<Item = String>) {
        self.list.extend(texts);
    }

    /// Operations of one verb on everything that it can be about.
    #[allow(clippy::too_many_lines, reason = "one arm for each verb")]
    fn verb(&mut self, verb: &str) {
        let (state, fresh, backend) = (self.state, self.fresh, self.state.backend());
        let tables: Vec<Table> = state.tables().into_iter().map(|table| Table::clone(table)).collect();
        let columns: Vec<(&Table, String)> = tables
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (table, column.name.clone())))
            .collect();
        let of_type = |wanted: fn(&DataType) -> bool| {
            let all = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
            all.filter(move |(_, column)| wanted(&column.data_type)).map(|(table, column)| (table, column.name.clone()))
        };
        let numbers: Vec<_> = of_type(|of| matches!(of, DataType::Integer { .. } | DataType::BigInt { .. })).collect();
        let texts: Vec<_> = of_type(|of| matches!(of, DataType::Text | DataType::String(_))).collect();
        let constraints = |wanted: ConstraintKind| -> Vec<(&Table, String)> {
            let all = tables.iter().flat_map(|table| table.constraint_names().map(move |name| (table, name)));
            all.filter(|(_, (kind, _))| *kind == wanted).map(|(table, (_, name))| (table, name.text.clone())).collect()
        };
        let indexes: Vec<(&Table, String)> =
            tables.iter().flat_map(|table| table.indexes.iter().map(move |i| (table, i.name.clone()))).collect();
        match verb {
            "create_table" => {
                let plain =
                    format!("create_table = \"{fresh}\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\n");
                self.put(format!("{plain}a = {{ type = \"integer\", null = true }}\nb = \"text\""));
                self.put(format!("create_table = \"{fresh}\"\ncolumns = {{ a = {{ type = \"integer\", check = \"a > 0\", unique = true }}, b = {{ type = \"string(20)\", null = true }} }}"));
                self.put(format!("create_table = \"{fresh}\"\nprimary_key = [\"id\"]\n[up.columns]\nid = {{ type = \"bigint\", auto_increment = true }}\na = {{ type = \"integer\", default = 1 }}\n[up.indexes]\n{fresh}_a = {{ columns = [\"a\"] }}"));
                for (table, column) in &numbers {
                    self.put(format!("{plain}of = {{ type = \"integer\", null = true, references = \"{}.{column}\", on_delete = \"cascade\" }}", table.name));
                }
                for one in state.enums() {
                    self.put(format!("{plain}kind = \"enum({})\"", one.name));
                }
                for one in state.schemas() {
                    self.put(format!("create_table = \"{}.{fresh}\"\ncolumns = {{ a = \"integer\" }}", one.name));
                }
            }
            "drop_table" => self.all(tables.iter().map(|table| format!("drop_table = \"{}\"", table.name))),
            "rename_table" => {
                self.all(tables.iter().map(|table| format!("rename_table = \"{}\"\nto = \"{fresh}\"", table.name)));
            }
            "add_column" => {
                let enums: Vec<String> =
                    state.enums().iter().map(|one| format!("type = \"enum({})\"\nnull = true", one.name)).collect();
                for table in &tables {
                    let head = format!("add_column = \"{}.{fresh}\"\n", table.name);
                    self.put(format!("{head}type = \"integer\"\nnull = true\ncomment = \"c\""));
                    self.put(format!("{head}type = \"integer\"\ndefault = 1\ncheck = \"{fresh} > 0\""));
                    self.put(format!("{head}type = \"text\"\nfill = \"x\""));
                    self.put(format!("{head}type = \"integer\"\nnull = true\nunique = true"));
                    for own in numbers.iter().filter(|(other, _)| other.id == table.id) {
                        self.put(format!(
                            "{head}type = \"integer\"\nnull = true\ngenerated = \"{} + 1\"\nstored = false",
                            own.1
                        ));
                    }
                    for (other, column) in &numbers {
                        self.put(format!("{head}type = \"integer\"\nnull = true\nreferences = \"{}.{column}\"\non_delete = \"set null\"", other.name));
                    }
                    self.all(enums.iter().map(|of| format!("{head}{of}")));
                }
            }
            "drop_column" => {
                self.all(columns.iter().map(|(table, column)| format!("drop_column = \"{}.{column}\"", table.name)));
            }
            "rename_column" => self.all(
                columns
                    .iter()
                    .map(|(table, column)| format!("rename_column = \"{}.{column}\"\nto = \"{fresh}\"", table.name)),
            ),
            "alter_column" => {
                for (table, column) in &columns {
                    let head = format!("alter_column = \"{}.{column}\"\n", table.name);
                    for keys in [
                        "null = true",
                        "null = false",
                        "type = \"bigint\"",
                        "type = \"text\"",
                        "comment = \"other\"",
                        "unset = [\"default\"]",
                        "unset = [\"comment\"]",
                        "unset = [\"auto_increment\"]",
                    ] {
                        self.put(format!("{head}{keys}"));
                    }
                }
                for (table, column) in &numbers {
                    self.put(format!("alter_column = \"{}.{column}\"\ndefault = 7", table.name));
                }
                for (table, column) in &texts {
                    self.put(format!(
                        "alter_column = \"{}.{column}\"\ntype = \"string(9)\"\nusing = \"{column}\"",
                        table.name
                    ));
                    self.put(format!("alter_column = \"{}.{column}\"\ncollation = {{ sqlite = \"NOCASE\", postgres = \"C\", mysql = \"utf8mb4_bin\" }}", table.name));
                }
            }
            "create_index" => {
                for (table, column) in &numbers {
                    let head = format!("create_index = \"{fresh}\"\non = \"{}\"\n", table.name);
                    self.put(format!("{head}columns = [\"{column}\"]"));
                    self.put(format!("{head}columns = [\"{column}\"]\nunique = true"));
                    self.put(format!(
                        "{head}columns = [{{ column = \"{column}\", order = \"desc\" }}]\nwhere = \"{column} > 0\""
                    ));
                    self.put(format!("{head}columns = [{{ expr = \"{column} + 1\" }}]"));
                }
            }
            "drop_index" => {
                self.all(
                    indexes.iter().map(|(table, name)| format!("drop_index = \"{name}\"\non = \"{}\"", table.name)),
                );
            }
            "rename_index" => {
                self.all(indexes.iter().map(|(table, name)| {
                    format!("rename_index = \"{name}\"\non = \"{}\"\nto = \"{fresh}\"", table.name)
                }));
            }
            "add_foreign_key" => {
                for (table, column) in &numbers {
                    for (other, target) in &numbers {
                        self.put(format!("add_foreign_key = \"{fresh}\"\non = \"{}\"\ncolumns = [\"{column}\"]\nreferences = \"{}.{target}\"", table.name, other.name));
                    }
                }
            }
            "drop_foreign_key" | "drop_check" | "drop_unique" => {
                let kind = match verb {
                    "drop_check" => ConstraintKind::Check,
                    "drop_unique" => ConstraintKind::Unique,
                    _ => ConstraintKind::ForeignKey,
                };
                for (table, name) in constraints(kind) {
                    self.put(format!("{verb} = \"{name}\"\non = \"{}\"", table.name));
                }
            }
            "add_check" => self.all(numbers.iter().map(|(table, column)| {
                format!("add_check = \"{fresh}\"\non = \"{}\"\nexpr = \"{column} < 9\"", table.name)
            })),
            "add_unique" => self.all(columns.iter().map(|(table, column)| {
                format!("add_unique = \"{fresh}\"\non = \"{}\"\ncolumns = [\"{column}\"]", table.name)
            })),
            "add_primary_key" => self.all(
                numbers
                    .iter()
                    .map(|(table, column)| format!("add_primary_key = \"{}\"\ncolumns = [\"{column}\"]", table.name)),
            ),
            "drop_primary_key" => self.all(tables.iter().map(|table| format!("drop_primary_key = \"{}\"", table.name))),
            "create_view" => {
                for (table, column) in &columns {
                    self.put(format!("create_view = \"{fresh}\"\nselect = \"SELECT {column} FROM {}\"", table.name));
                }
                for table in &tables {
                    self.put(format!("create_view = \"{fresh}\"\nselect = \"SELECT * FROM {}\"", table.name));
                    self.put(format!(
                        "create_view = \"{fresh}\"\nmaterialized = true\nselect = \"SELECT count(*) AS c FROM {}\"",
                        table.name
                    ));
                }
                for view in state.views() {
                    self.put(format!("create_view = \"{fresh}\"\nselect = \"SELECT * FROM {}\"", view.name));
                }
            }
            "replace_view" => {
                for view in state.views() {
                    for (table, column) in &numbers {
                        self.put(format!(
                            "replace_view = \"{}\"\nselect = \"SELECT {column} FROM {}\"",
                            view.name, table.name
                        ));
                    }
                }
            }
            "drop_view" => self.all(state.views().iter().map(|view| format!("drop_view = \"{}\"", view.name))),
            "create_function" | "replace_function" => {
                let (name, body) = match (verb, backend) {
                    ("replace_function", _) => match state.functions().first() {
                        Some(function) => (function.name.name.clone(), "2"),
                        None => return,
                    },
                    _ => (format!("f_{fresh}"), "1"),
                };
                let sql = match backend {
                    Backend::Postgres => {
                        format!("CREATE FUNCTION {name}() RETURNS integer LANGUAGE sql AS 'SELECT {body}'")
                    }
                    _ => format!("CREATE FUNCTION {name}() RETURNS INT DETERMINISTIC RETURN {body}"),
                };
                self.put(format!("{verb} = \"{name}()\"\ndefinition = \"{sql}\""));
            }
            "drop_function" => {
                state
                    .functions()
                    .iter()
                    .for_each(|function| self.put(format!("drop_function = \"{}\"", function.name)));
            }
            "create_trigger" => {
                for table in &tables {
                    let sql = match backend {
                        Backend::Sqlite => {
                            format!("CREATE TRIGGER g_{fresh} AFTER INSERT ON {} BEGIN SELECT 1; END", table.name)
                        }
                        Backend::Postgres => format!(
                            "CREATE TRIGGER g_{fresh} AFTER INSERT ON {} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                            table.name
                        ),
                        Backend::Mysql => {
                            format!("CREATE TRIGGER g_{fresh} AFTER INSERT ON {} FOR EACH ROW SET @x = 1", table.name)
                        }
                    };
                    self.put(format!(
                        "create_trigger = \"g_{fresh}\"\non = \"{}\"\ndefinition = \"{sql}\"",
                        table.name
                    ));
                }
            }
            "drop_trigger" => self.all(
                state
                    .triggers()
                    .iter()
                    .map(|trigger| format!("drop_trigger = \"{}\"\non = \"{}\"", trigger.name, trigger.table)),
            ),
            "create_extension" => {
                self.all(["hstore", "citext"].iter().map(|name| format!("create_extension = \"{name}\"")));
            }
            "drop_extension" => {
                self.all(state.extensions().iter().map(|one| format!("drop_extension = \"{}\"", one.name)));
            }
            "create_schema" => self.put(format!("create_schema = \"s_{fresh}\"")),
            "drop_schema" => self.all(state.schemas().iter().map(|one| format!("drop_schema = \"{}\"", one.name))),
            "create_enum" => {
                self.put(format!("create_enum = \"{fresh}\"\nvalues = [\"u\", \"v\"]"));
                self.put(format!("create_enum = \"e_{fresh}\"\nvalues = [\"u\", \"v\"]"));
            }
            "alter_enum" => {
                for one in state.enums() {
                    self.put(format!("alter_enum = \"{}\"\nadd = [\"w_{fresh}\"]", one.name));
                    if let Some(value) = one.values.first() {
                        self.put(format!("alter_enum = \"{}\"\nrename = {{ {value} = \"w_{fresh}\" }}", one.name));
                    }
                }
            }
            "drop_enum" => self.all(state.enums().iter().map(|one| format!("drop_enum = \"{}\"", one.name))),
            "insert" => self.all(numbers.iter().map(|(table, column)| {
                format!("insert = \"{}\"\nkey = [\"{column}\"]\nrows = [{{ {column} = 3 }}]", table.name)
            })),
            "update" => {
                for (table, column) in &numbers {
                    self.put(format!(
                        "update = \"{}\"\nset = {{ {column} = 4 }}\nwhere = \"{column} > 1\"\ndown = \"\"",
                        table.name
                    ));
                }
            }
            "delete" => {
                for (table, column) in &numbers {
                    self.put(format!("delete = \"{}\"\nwhere = \"{column} > 1\"\ndown = \"\"", table.name));
                    self.put(format!("delete = \"{}\"\nwhere = \"{column} > 1\"\nkeep = true", table.name));
                }
            }
            "sql" => {
                for (table, column) in &numbers {
                    self.put(format!(
                        "sql = \"UPDATE {} SET {column} = 1 WHERE {column} > 2\"\ndown = \"\"",
                        table.name
                    ));
                    self.put(format!(
                        "sql = \"CREATE INDEX {fresh} ON {} ({column})\"\ndown = \"DROP INDEX {fresh}\"",
                        table.name
                    ));
                    self.put(format!(
                        "sql = \"ALTER TABLE {} RENAME COLUMN {column} TO {fresh}\"\ndown = \"\"",
                        table.name
                    ));
                }
                for table in &tables {
                    self.put(format!("sql = \"ALTER TABLE {} ADD COLUMN {fresh} integer\"\ndown = \"\"", table.name));
                    self.put(format!("sql = \"DROP TABLE {}\"\ndown = \"\"", table.name));
                }
                self.put(format!("sql = \"CREATE TABLE {fresh} (a integer PRIMARY KEY)\"\ndown = \"\""));
            }
            // Files are read by the loader, and then they are SQL; a note does nothing.
            "sql_file" | "note" => {}
            other => panic!("say in tests/frame/neighbours.rs what `{other}` can be about"),
        }
    }
}

/// Every operation that the verbs make of a state, valid or not. `variant` chooses the name that new things get.
pub(crate) fn operations(state: &State, verbs: &[&str], variant: usize) -> Vec<Operation> {
    let described = state.describe();
    let taken =
        |name: &str| described.iter().any(|line| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == name));
    let free: Vec<&str> = NAMES.into_iter().filter(|name| !taken(name)).collect();
    let fresh = free.get(variant).or(free.first()).copied().unwrap_or("z");
    let mut texts = Texts { state, fresh, list: Vec::new() };
    for verb in verbs {
        texts.verb(verb);
    }
    if texts.list.is_empty() {
        return Vec::new();
    }
    let mut schema = "[project]\nname = \"frame\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\n\n[[migration]]\nversion = 1\nname = \"one\"\n".to_owned();
    for text in &texts.list {
        let text = text.replace("[up.", "[migration.up.");
        write!(schema, "\n[[migration.up]]\n{text}\n").unwrap();
    }
    let files = Files { schema, ..Files::default() };
    let loaded = parse(&files);
    let wrong: Vec<_> =
        loaded.diagnostics.iter().filter(|found| found.is_error()).map(|found| &found.message).collect();
    assert!(wrong.is_empty(), "{wrong:?} in {}", files.schema);
    let manifest = loaded.manifest.expect("it was read");
    manifest.migrations.first().map(|migration| migration.body.up.clone()).unwrap_or_default()
}

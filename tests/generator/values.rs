//! What is written behind a key: a value for each shape of the grammar, from what exists in a state.

use std::collections::BTreeSet;

use dbmigrate::backend::Backend;
use dbmigrate::grammar::{Key, Place, Shape, Thing, VALUE, Verb};
use dbmigrate::ident::TableName;
use dbmigrate::state::{ConstraintKind, State, Table};

use crate::seed::Numbers;

/// A column that the operation can speak of.
#[derive(Debug, Clone)]
pub struct Own {
    pub name: String,
    /// As a manifest writes it.
    pub data_type: String,
    /// It is computed.
    pub generated: bool,
}

/// Makes one operation.
pub struct Maker<'m> {
    pub state: &'m State,
    pub backend: Backend,
    pub numbers: &'m mut Numbers,
    pub verb: Verb,
    /// The keys written so far, as paths.
    pub keys: BTreeSet<String>,
    /// The path of a key that is to be written; empty for none.
    wanted: String,
    /// The table that it is on, and its columns.
    pub table: Option<TableName>,
    pub own: Vec<Own>,
    /// The enum that it is on: its values.
    pub values: Vec<String>,
    /// The name that its verb has.
    pub object: String,
    /// The type that is spoken of: of the column, or of what is referred to.
    pub data_type: Option<String>,
    /// The types of the columns that a foreign key refers to.
    referred: Vec<String>,
    /// Within a value: no column can be named.
    pub constant: bool,
    /// Within the rows of an insert: each has every column.
    whole_rows: bool,
}

pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A name with its schema, as a manifest writes it.
fn dotted(name: &TableName) -> String {
    quoted(&name.to_string())
}

impl<'m> Maker<'m> {
    pub fn new(state: &'m State, verb: Verb, wanted: Option<&str>, numbers: &'m mut Numbers) -> Self {
        Self {
            state,
            backend: state.backend(),
            numbers,
            verb,
            keys: BTreeSet::new(),
            wanted: wanted.unwrap_or_default().to_owned(),
            table: None,
            own: Vec::new(),
            values: Vec::new(),
            object: String::new(),
            data_type: None,
            referred: Vec::new(),
            constant: false,
            whole_rows: false,
        }
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.numbers.below(one_in) == 0
    }

    pub fn pick<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = self.numbers.place(all.len());
        all.get(place).cloned()
    }

    /// Whether a key is wanted, or one within it.
    fn wants(&self, path: &str) -> bool {
        self.wanted.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The entries of an operation.
    pub fn operation(&mut self) -> Option<String> {
        let verb = self.verb.entry();
        let object = self.value(&verb.object)?;
        let entries = self.entries(&verb.place, verb.name)?;
        self.keys.insert(verb.name.to_owned());
        Some([vec![format!("{} = {object}", verb.name)], entries].concat().join(", "))
    }

    /// The entries of a table: those that it needs, and some of the others.
    fn entries(&mut self, place: &Place, path: &str) -> Option<Vec<String>> {
        let wants = |maker: &Self, name: &str| maker.wants(&format!("{path}.{name}"));
        let wanted = place.one_of.iter().find(|keys| keys.iter().any(|key| wants(self, key)));
        let one_of = wanted.copied().or_else(|| self.pick(place.one_of)).unwrap_or_default();
        let all: Vec<&Key> = place.keys().collect();
        let mut chosen: Vec<&Key> = Vec::new();
        for key in &all {
            let other = place.one_of.iter().any(|keys| keys.contains(&key.name));
            let likely = match key.name {
                "irreversible" | "backends" => self.chance(30),
                _ => self.chance(4),
            };
            if key.required || one_of.contains(&key.name) || (!other && (likely || wants(self, key.name))) {
                chosen.push(key);
            }
        }
        for needs in chosen.iter().map(|key| key.needs).collect::<Vec<_>>() {
            if !chosen.iter().any(|key| key.name == needs) {
                chosen.extend(all.iter().filter(|key| key.name == needs));
            }
        }
        // Of the ways to undo it there is one.
        let undone = ["down", "down_file", "keep", "irreversible"];
        let way = chosen.iter().map(|key| key.name).filter(|name| undone.contains(name));
        let way = way.max_by_key(|name| usize::from(wants(self, name)));
        chosen.retain(|key| !undone.contains(&key.name) || Some(key.name) == way);
        chosen.sort_by_key(|key| turn(&key.shape));
        let mut entries = Vec::new();
        for key in chosen {
            let Some(value) = self.value_at(&key.shape, &format!("{path}.{}", key.name)) else {
                if key.required || one_of.contains(&key.name) {
                    return None;
                }
                continue;
            };
            self.keys.insert(format!("{path}.{}", key.name));
            entries.push(format!("{} = {value}", key.name));
        }
        Some(entries)
    }

    fn value(&mut self, shape: &Shape) -> Option<String> {
        let path = self.verb.name;
        self.value_at(shape, path)
    }

    /// A value of a shape; `path` is the key that it is behind.
    fn value_at(&mut self, shape: &Shape, path: &str) -> Option<String> {
        let keys = self.keys.clone();
        let value = self.any_value(shape, path);
        if value.is_none() {
            self.keys = keys;
        }
        value
    }

    fn any_value(&mut self, shape: &Shape, path: &str) -> Option<String> {
        Some(match *shape {
            Shape::Boolean => self.chance(2).to_string(),
            Shape::Count => (1 + self.numbers.below(12)).to_string(),
            Shape::Integer => (i128::from(self.numbers.below(24)) - 8).to_string(),
            Shape::String | Shape::AnyString => quoted(self.pick(&["x", "it's so", "a \"word\""])?),
            Shape::Word(words) => quoted(self.pick(words)?),
            // Parts of migrations, not of operations.
            Shape::Version | Shape::Checks | Shape::Operation => return None,
            Shape::Name => {
                let thing = match self.verb.object {
                    Shape::Existing(Thing::Column) => Thing::OwnColumn,
                    Shape::Existing(thing) => thing,
                    _ => Thing::Any,
                };
                quoted(&self.new_name(thing)?)
            }
            Shape::New(thing) => self.create(thing)?,
            Shape::Existing(thing) => self.existing(thing)?,
            Shape::Text(sql) => {
                let text = quoted(&self.sql(sql)?);
                if self.chance(8) { format!("{{ {} = {text}, default = 'x' }}", self.backend) } else { text }
            }
            Shape::Type => {
                let data_type = self.new_type()?;
                self.data_type = Some(data_type.clone());
                quoted(&data_type)
            }
            Shape::Value => {
                if self.chance(5) {
                    let outer = std::mem::replace(&mut self.constant, true);
                    let value = self.entries(&VALUE, path);
                    self.constant = outer;
                    format!("{{ {} }}", value?.join(", "))
                } else {
                    let data_type = self.data_type.clone().unwrap_or_else(|| "integer".to_owned());
                    self.literal(&data_type)?
                }
            }
            Shape::Backend => quoted(self.backend.name()),
            Shape::Table(place) => {
                let outer = self.data_type.clone();
                let entries = self.entries(place, path);
                if path != "create_table.columns" {
                    self.data_type = outer;
                }
                format!("{{ {} }}", entries?.join(", "))
            }
            Shape::List(_, of) => {
                let rows = matches!(of, Shape::ByName(..));
                let outer = std::mem::replace(&mut self.whole_rows, rows);
                let most = if rows { 2 } else { 1 };
                let items: Option<Vec<String>> =
                    (0..=self.numbers.below(most)).map(|_| self.value_at(of, path)).collect();
                self.whole_rows = outer;
                format!("[{}]", items?.join(", "))
            }
            Shape::Set(of) => {
                let many = if self.referred.is_empty() { 1 + self.numbers.place(2) } else { self.referred.len() };
                let items: Vec<String> = (0..many).filter_map(|_| self.value_at(of, path)).collect();
                let items: BTreeSet<&String> = items.iter().collect();
                if items.is_empty() {
                    return None;
                }
                format!("[{}]", items.into_iter().cloned().collect::<Vec<_>>().join(", "))
            }
            Shape::ByName(_, Shape::Existing(Thing::OwnColumn), of) => self.row(of, path)?,
            Shape::ByName(_, names, of) => {
                let many = if matches!(names, Shape::New(Thing::OwnColumn)) { 1 + self.numbers.below(4) } else { 1 };
                let mut entries: Vec<(String, String)> = Vec::new();
                for _ in 0..many {
                    let (Some(name), outer) = (self.value_at(names, path), self.data_type.take()) else { continue };
                    if entries.iter().any(|(other, _)| *other == name) {
                        self.data_type = outer;
                        continue;
                    }
                    let value = self.value_at(of, path);
                    let data_type = std::mem::replace(&mut self.data_type, outer);
                    let Some(value) = value else { continue };
                    if matches!(names, Shape::New(Thing::OwnColumn)) {
                        let generated = value.contains("generated = ");
                        let data_type = data_type.unwrap_or_default();
                        self.own.push(Own { name: name.trim_matches('"').to_owned(), data_type, generated });
                    }
                    entries.push((name, value));
                }
                if entries.is_empty() {
                    return None;
                }
                let entries: Vec<String> = entries.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Shape::Either(shapes) => {
                let within: Vec<Shape> = shapes.iter().copied().filter(has_keys).collect();
                let within = !within.is_empty() && self.wants(path) && self.wanted != path;
                let shapes: Vec<Shape> = shapes.iter().copied().filter(|shape| !within || has_keys(shape)).collect();
                let shape = self.pick(&shapes)?;
                self.value_at(&shape, path)?
            }
        })
    }

    /// A row, or what an update sets: columns of the table, each with a value.
    fn row(&mut self, of: &Shape, path: &str) -> Option<String> {
        let columns: Vec<Own> = self.own.iter().filter(|own| !own.generated).cloned().collect();
        let one = self.numbers.place(columns.len());
        let mut entries = Vec::new();
        for (at, own) in columns.into_iter().enumerate() {
            if self.whole_rows || at == one {
                let outer = self.data_type.replace(own.data_type);
                let value = self.value_at(of, path);
                self.data_type = outer;
                entries.push(format!("{} = {}", quoted(&own.name), value?));
            }
        }
        (!entries.is_empty()).then(|| format!("{{ {} }}", entries.join(", ")))
    }

    /// A name for something new: mostly a free one, now and then one that is taken.
    fn new_name(&mut self, thing: Thing) -> Option<String> {
        // Of a kind that nothing is said of here: its word, and what a table may be called.
        let others = [format!("{thing:?}").to_lowercase(), format!("other {thing:?}"), "t".to_owned()];
        let others = others.each_ref().map(String::as_str);
        let pool: &[&str] = match thing {
            Thing::Table | Thing::View => &["t", "u", "v", "w", "Tab", "a b"],
            Thing::Enum => &["e", "mood", "t"],
            Thing::OwnColumn | Thing::Column => &["a", "b", "c", "d", "Col", "e f"],
            Thing::EnumValue => &["glad", "sad", "it's", "so so", "blue"],
            Thing::Index => &["i", "j", "k", "t_a_key", "u"],
            Thing::ForeignKey => &["f", "g", "t_a_fkey", "i"],
            Thing::Check => &["ok", "fine", "t_a_check", "u_b_check"],
            Thing::Unique => &["q", "r", "t_a_key", "i"],
            Thing::Function => &["fun", "other_fun"],
            Thing::Extension => &["hstore", "citext", "unaccent"],
            Thing::Any => return None,
            _ => &others,
        };
        let taken = |name: &str| match thing {
            Thing::Table | Thing::View => self.state.tables().iter().any(|table| table.name.name == name),
            Thing::OwnColumn | Thing::Column => self.own.iter().any(|own| own.name == name),
            Thing::EnumValue => self.values.iter().any(|value| value == name),
            _ => false,
        };
        let free: Vec<&str> = pool.iter().copied().filter(|name| !taken(name)).collect();
        let pool = if free.is_empty() || self.chance(12) { pool.to_vec() } else { free };
        self.pick(&pool).map(str::to_owned)
    }

    /// The name of something that is created, as a manifest writes it.
    fn create(&mut self, thing: Thing) -> Option<String> {
        if thing == Thing::Column {
            self.on_some_table()?;
        }
        let name = self.new_name(thing)?;
        match thing {
            Thing::Column => Some(quoted(&format!("{}.{name}", self.table.clone()?))),
            Thing::EnumValue => {
                self.values.push(name.clone());
                Some(quoted(&name))
            }
            Thing::Function => {
                let arguments = if self.chance(2) { "integer" } else { "" };
                self.object = format!("{name}({arguments})");
                Some(quoted(&self.object))
            }
            Thing::OwnColumn
            | Thing::Index
            | Thing::ForeignKey
            | Thing::Check
            | Thing::Unique
            | Thing::Trigger
            | Thing::Extension
            | Thing::Schema => {
                if self.object.is_empty() {
                    self.object.clone_from(&name);
                }
                Some(quoted(&name))
            }
            // What is in a schema.
            _ => {
                let schemas: Vec<String> = self.state.schemas().iter().map(|schema| schema.name.clone()).collect();
                let schema = if self.chance(3) { self.pick(&schemas) } else { None };
                let name = TableName { schema, name };
                self.object.clone_from(&name.name);
                if thing == Thing::Table {
                    self.table = Some(name.clone());
                }
                Some(dotted(&name))
            }
        }
    }

    fn on(&mut self, table: &Table) {
        self.table = Some(table.name.clone());
        let own = |column: &dbmigrate::state::Column| Own {
            name: column.name.clone(),
            data_type: column.data_type.to_string(),
            generated: column.generated.is_some(),
        };
        self.own = table.columns.iter().map(own).collect();
    }

    fn on_some_table(&mut self) -> Option<()> {
        let tables: Vec<Table> = self.state.tables().into_iter().map(|table| Table::clone(table)).collect();
        let table = self.pick(&tables)?;
        self.on(&table);
        Some(())
    }

    /// The name of something that exists, as a manifest writes it.
    fn existing(&mut self, thing: Thing) -> Option<String> {
        let state = self.state;
        let tables: Vec<Table> = state.tables().into_iter().map(|table| Table::clone(table)).collect();
        let constraints = |kind: ConstraintKind| -> Vec<(Table, String)> {
            let names = |table: &Table| -> Vec<String> {
                table.constraint_names().filter(|(of, _)| *of == kind).map(|(_, name)| name.text.clone()).collect()
            };
            tables.iter().flat_map(|table| names(table).into_iter().map(|name| (table.clone(), name))).collect()
        };
        let part = |maker: &mut Self, all: &[(Table, String)]| {
            let (table, name) = maker.pick(all)?;
            maker.on(&table);
            Some(quoted(&name))
        };
        match thing {
            Thing::Table => {
                if self.table.is_none() {
                    self.on_some_table()?;
                }
                self.table.as_ref().map(dotted)
            }
            Thing::Column => {
                let is_object = self.table.is_none() && self.own.is_empty();
                // What a key can refer to, mostly.
                let keys = !is_object && !self.chance(6);
                let all = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
                let all: Vec<(Table, String, String)> = all
                    .filter(|(table, column)| !keys || table.is_unique_over(column.id))
                    .map(|(table, column)| (table.clone(), column.name.clone(), column.data_type.to_string()))
                    .collect();
                let (table, column, data_type) = self.pick(&all)?;
                if is_object {
                    self.on(&table);
                } else {
                    self.referred.push(data_type.clone());
                }
                self.data_type = Some(data_type);
                Some(quoted(&format!("{}.{column}", table.name)))
            }
            Thing::OwnColumn => {
                let wanted = if self.referred.is_empty() { None } else { Some(self.referred[0].clone()) };
                let fits: Vec<Own> =
                    self.own.iter().filter(|own| Some(&own.data_type) == wanted.as_ref()).cloned().collect();
                let own = self.own.clone();
                self.pick(if fits.is_empty() { &own } else { &fits }).map(|own| quoted(&own.name))
            }
            Thing::EnumValue => {
                let values = self.values.clone();
                self.pick(&values).map(|value| quoted(&value))
            }
            Thing::Index => {
                let all: Vec<(Table, String)> = tables
                    .iter()
                    .flat_map(|table| table.indexes.iter().map(|index| (table.clone(), index.name.clone())))
                    .collect();
                part(self, &all)
            }
            Thing::ForeignKey => part(self, &constraints(ConstraintKind::ForeignKey)),
            Thing::Check => part(self, &constraints(ConstraintKind::Check)),
            Thing::Unique => part(self, &constraints(ConstraintKind::Unique)),
            Thing::Trigger => {
                let trigger = self.pick(state.triggers())?;
                self.table = Some(trigger.table.clone());
                Some(quoted(&trigger.name))
            }
            Thing::Any => self.pick(&tables).map(|table| dotted(&table.name)),
            // What exists by itself is found by the word for its kind.
            _ => {
                let of_kind =
                    state.object_names().filter(|(kind, _)| kind.title() == format!("{thing:?}").to_lowercase());
                let names: Vec<String> = of_kind.map(|(_, name)| name).collect();
                let name = self.pick(&names)?;
                if let Some(of) = state.enums().iter().find(|of| thing == Thing::Enum && of.name.to_string() == name) {
                    self.values.clone_from(&of.values);
                }
                if self.object.is_empty() {
                    self.object.clone_from(&name);
                }
                Some(quoted(&name))
            }
        }
    }

    fn new_type(&mut self) -> Option<String> {
        if let Some(referred) = self.referred.first() {
            return Some(referred.clone());
        }
        let mut all: Vec<String> = [
            "integer",
            "bigint",
            "smallint",
            "unsigned integer",
            "float",
            "double",
            "decimal(8,2)",
            "boolean",
            "char(3)",
            "string(20)",
            "text",
            "text",
            "binary(8)",
            "blob",
            "date",
            "time",
            "datetime",
            "timestamptz",
            "json",
            "jsonb",
            "uuid",
            "integer",
            "bigint",
        ]
        .map(str::to_owned)
        .to_vec();
        if self.backend == Backend::Postgres {
            all.extend(["interval", "inet", "text[]"].map(str::to_owned));
        }
        all.extend(
            self.state.enums().iter().flat_map(|of| [format!("enum({})", of.name), format!("enum({})", of.name)]),
        );
        self.pick(&all)
    }

    /// A literal of a type.
    fn literal(&mut self, data_type: &str) -> Option<String> {
        let word = data_type.split('(').next().unwrap_or_default();
        Some(match word {
            "integer" | "bigint" | "smallint" | "unsigned integer" | "unsigned bigint" | "unsigned smallint" => {
                self.numbers.below(100).to_string()
            }
            "float" | "double" => "1.5".to_owned(),
            "decimal" => "\"1.50\"".to_owned(),
            "boolean" => self.chance(2).to_string(),
            "binary" | "blob" => "{ hex = \"00ff\" }".to_owned(),
            "date" => "2026-01-31".to_owned(),
            "time" => "07:30:00".to_owned(),
            "datetime" => "2026-01-31T07:30:00".to_owned(),
            "timestamptz" => "2026-01-31T07:30:00Z".to_owned(),
            "json" | "jsonb" => "\"[]\"".to_owned(),
            "uuid" => "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"".to_owned(),
            "interval" => "\"1 day\"".to_owned(),
            "inet" => "\"10.0.0.1\"".to_owned(),
            "enum" => {
                let name = data_type.trim_start_matches("enum(").trim_end_matches(')');
                let of = self.state.enums().iter().find(|of| of.name.to_string() == name)?;
                quoted(of.values.first()?)
            }
            _ if data_type.ends_with("[]") => "[\"a\"]".to_owned(),
            _ => quoted(self.pick(&["x", "y'z"])?),
        })
    }
}

/// When a key is written: what others are about comes first.
fn turn(shape: &Shape) -> usize {
    match shape {
        Shape::Existing(Thing::Table) => 0,
        Shape::Existing(Thing::Column) => 1,
        Shape::Either(shapes) => shapes.iter().map(turn).min().unwrap_or(4),
        Shape::Type | Shape::ByName(_, Shape::New(Thing::OwnColumn), _) => 2,
        Shape::Set(Shape::Existing(Thing::OwnColumn)) => 3,
        _ => 4,
    }
}

/// Whether something of a shape has keys of its own.
fn has_keys(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) => true,
        Shape::List(_, of) | Shape::Set(of) | Shape::ByName(_, _, of) => has_keys(of),
        Shape::Either(shapes) => shapes.iter().any(has_keys),
        _ => false,
    }
}

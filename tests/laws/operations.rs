//! Random operations over a small pool of names, so that they meet each other often.

use dbmigrate::ident::{ColumnName, TableName};
use dbmigrate::operation::{
    Action, AlterColumn, Branch, ByBackend, CheckDef, ColumnDef, DataType, Deferrable, EnumType, ForeignKeyDef,
    IndexDef, IndexPartDef, IndexTarget, Kind, Literal, Operation, Order, TableDef, Text, UniqueDef, Value,
};
use proptest::prelude::*;

/// The verbs that change a schema.
pub(crate) const VERBS: [&str; 21] = [
    "create_table",
    "drop_table",
    "rename_table",
    "add_column",
    "drop_column",
    "rename_column",
    "alter_column",
    "create_index",
    "drop_index",
    "rename_index",
    "add_foreign_key",
    "drop_foreign_key",
    "add_check",
    "drop_check",
    "add_unique",
    "drop_unique",
    "add_primary_key",
    "drop_primary_key",
    "create_enum",
    "alter_enum",
    "drop_enum",
];

/// A list of operations; those that are not valid where they stand are for the test to skip.
#[derive(Debug, Clone)]
pub(crate) struct Script(Vec<Seed>);

/// Numbers that one operation is made from.
#[derive(Debug, Clone)]
struct Seed {
    verb: usize,
    n: [usize; 6],
}

/// Scripts: first two tables, so that most later operations have something to work on.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let seed = (0..VERBS.len(), prop::array::uniform6(0usize..12)).prop_map(|(verb, n)| Seed { verb, n });
    prop::collection::vec(seed, 1..80).prop_map(|mut seeds| {
        seeds.insert(0, Seed { verb: 0, n: [0, 0, 0, 0, 0, 0] });
        seeds.insert(1, Seed { verb: 0, n: [1, 1, 1, 1, 1, 1] });
        seeds.insert(0, Seed { verb: 18, n: [0, 0, 0, 0, 0, 0] });
        Script(seeds)
    })
}

impl Script {
    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.0.iter().map(|seed| Operation::new(seed.kind())).collect()
    }
}

fn same(text: &str) -> Text {
    Text::Same(text.into())
}

fn pick<'a>(names: &[&'a str], n: usize) -> &'a str {
    names[n % names.len()]
}

fn table(n: usize) -> TableName {
    TableName::bare(pick(&["t", "u", "v"], n))
}

fn column(n: usize) -> String {
    pick(&["id", "a", "b", "c"], n).into()
}

/// A constraint's name: mostly one of its own kind, now and then one that clashes.
fn constraint(kind: &'static str, n: usize) -> String {
    pick(&[kind, kind, kind, "k1", "t_a_key", "u_b_check"], n).into()
}

fn data_type(n: usize) -> DataType {
    match n % 8 {
        0 => DataType::BigInt { unsigned: false },
        1 => DataType::Integer { unsigned: false },
        2 => DataType::String(20),
        3 => DataType::Uuid,
        4 => DataType::Jsonb,
        5 => DataType::Binary(8),
        7 => DataType::Enum(EnumType { name: TableName::bare(pick(&["e", "o"], n / 8)), values: vec![] }.into()),
        _ => DataType::Text,
    }
}

/// Mostly no key that waits.
fn deferrable(n: usize) -> Option<Deferrable> {
    match n % 4 {
        1 => Some(Deferrable::Immediate),
        3 => Some(Deferrable::Deferred),
        _ => None,
    }
}

/// A literal of that type.
fn literal(n: usize) -> Literal {
    match n % 8 {
        0 | 1 => Literal::Integer(7),
        3 => Literal::String("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".into()),
        4 => Literal::String("[]".into()),
        5 => Literal::Bytes("00ff".into()),
        _ => Literal::String("x'y".into()),
    }
}

/// A collation of each backend.
fn collation() -> Text {
    let of = [(Branch::Sqlite, "NOCASE"), (Branch::Postgres, "C"), (Branch::Mysql, "utf8mb4_bin")];
    Text::Each(of.into_iter().map(|(branch, name)| (branch, name.to_owned())).collect())
}

fn column_def(name: &str, n: [usize; 6]) -> ColumnDef {
    // Of the types a whole number, and a text.
    let generated = n[0] % 8 < 2 && n[5] % 4 == 3 && name != "id";
    let text = matches!(data_type(n[0]), DataType::String(_) | DataType::Text);
    ColumnDef {
        name: name.into(),
        data_type: ByBackend::Same(data_type(n[0])),
        null: n[1].is_multiple_of(2) && name != "id",
        default: match n[2] % 6 {
            _ if generated => None,
            0 => Some(Value::Literal(literal(n[0]))),
            1 => Some(Value::Expr(same("NULL"))),
            _ => None,
        },
        generated: generated.then(|| same("CASE WHEN id IS NULL THEN 1 ELSE 2 END")),
        // PostgreSQL has no other.
        stored: None,
        collation: (text && n[1] % 4 == 1).then(collation),
        auto_increment: false,
        unique: n[3].is_multiple_of(4),
        references: (n[4] % 5 == 1).then(|| ColumnName { table: table(n[5]), column: "id".into() }),
        on_delete: if n[4].is_multiple_of(2) { Action::Cascade } else { Action::NoAction },
        on_update: Action::NoAction,
        deferrable: deferrable(n[3]),
        check: (n[5] % 5 == 2).then(|| same(&format!("{name} IS NOT NULL"))),
        comment: (n[2] % 5 == 3).then(|| "it's".to_owned()),
        fill: None,
    }
}

fn index(n: [usize; 6]) -> IndexDef {
    let part =
        |target| IndexPartDef { target, order: Order::Asc, nulls: None, length: None, collation: None, opclass: None };
    let mut columns = vec![part(IndexTarget::Column(column(n[1])))];
    if n[2].is_multiple_of(3) {
        columns.push(part(IndexTarget::Expr(same(&format!("coalesce({}, '0')", column(n[3]))))));
    }
    IndexDef {
        name: pick(&["i1", "i2", "i3"], n[4]).into(),
        columns,
        unique: n[5].is_multiple_of(3),
        predicate: (n[5] % 4 == 1).then(|| same(&format!("{} IS NOT NULL", column(n[3])))),
        using: None,
        // SQLite has neither this nor the next, and refuses the index.
        include: if n[0] % 5 == 3 { vec![column(n[2])] } else { vec![] },
        with: None,
        nulls_distinct: (n[5].is_multiple_of(3) && n[1] % 4 == 1).then_some(false),
    }
}

impl Seed {
    fn kind(&self) -> Kind {
        let n = self.n;
        let on = table(n[0]);
        match VERBS[self.verb] {
            "create_table" => {
                let mut id = column_def("id", [0, 1, 2, 1, 0, 0]);
                id.auto_increment = n[1].is_multiple_of(2) && n[5] % 3 != 2;
                let mut columns = vec![id];
                for name in ["a", "b"].into_iter().take(1 + n[2] % 2) {
                    columns.push(column_def(name, [n[3], n[4], n[5], n[1], n[2], n[0]]));
                }
                Kind::CreateTable(TableDef {
                    table: on,
                    columns,
                    primary_key: if self.n[5] % 3 == 2 { vec![] } else { vec!["id".into()] },
                    indexes: if n[3] % 3 == 1 { vec![index(n)] } else { vec![] },
                    foreign_keys: vec![],
                    uniques: vec![],
                    checks: vec![],
                    options: None,
                    comment: (n[4] % 4 == 1).then(|| "a table".to_owned()),
                })
            }
            "drop_table" => Kind::DropTable { table: on },
            "rename_table" => Kind::RenameTable { table: on, to: table(n[1]).name },
            "add_column" => Kind::AddColumn { table: on, column: column_def(&column(n[1]), n) },
            "drop_column" => {
                let mut columns = vec![ColumnName { table: on.clone(), column: column(n[1]) }];
                if n[2].is_multiple_of(4) {
                    columns.push(ColumnName { table: on, column: column(n[3]) });
                }
                Kind::DropColumn { columns, refill: None }
            }
            "rename_column" => {
                Kind::RenameColumn { column: ColumnName { table: on, column: column(n[1]) }, to: column(n[2]) }
            }
            "alter_column" => Kind::AlterColumn {
                column: ColumnName { table: on, column: column(n[1]) },
                alter: AlterColumn {
                    data_type: n[2].is_multiple_of(2).then(|| ByBackend::Same(data_type(n[3]))),
                    null: (n[4].is_multiple_of(2)).then_some(n[5].is_multiple_of(2)),
                    unset_default: n[5] % 3 == 1,
                    collation: (n[4] % 4 == 1).then(collation),
                    unset_collation: n[4] % 4 == 3,
                    comment: (n[1] % 3 == 1).then(|| pick(&["", "new"], n[3]).to_owned()),
                    ..AlterColumn::default()
                },
            },
            "create_index" => Kind::CreateIndex { on, index: index(n), concurrently: false },
            "drop_index" => Kind::DropIndex { on, name: pick(&["i1", "i2", "i3"], n[4]).into(), concurrently: false },
            "rename_index" => Kind::RenameIndex {
                on,
                name: pick(&["i1", "i2", "i3"], n[4]).into(),
                to: pick(&["i1", "i2", "i3"], n[5]).into(),
            },
            "add_foreign_key" => Kind::AddForeignKey {
                on,
                foreign_key: ForeignKeyDef {
                    name: constraint("f", n[1]),
                    columns: vec![column(n[2])],
                    table: table(n[3]),
                    references: vec![pick(&["id", "a"], n[4]).into()],
                    on_delete: Action::SetNull,
                    on_update: Action::Cascade,
                    deferrable: deferrable(n[5]),
                    unchecked: n[1].is_multiple_of(2),
                },
            },
            "drop_foreign_key" => Kind::DropForeignKey { on, name: constraint("f", n[1]) },
            "add_check" => Kind::AddCheck {
                on,
                check: CheckDef { name: constraint("c", n[1]), expr: same(&format!("{} <> '0'", column(n[2]))) },
            },
            "drop_check" => Kind::DropCheck { on, name: constraint("c", n[1]) },
            "add_unique" => {
                Kind::AddUnique { on, unique: UniqueDef { name: constraint("q", n[1]), columns: vec![column(n[2])] } }
            }
            "drop_unique" => Kind::DropUnique { on, name: constraint("q", n[1]) },
            "add_primary_key" => Kind::AddPrimaryKey { table: on, columns: vec![column(n[1])] },
            "drop_primary_key" => Kind::DropPrimaryKey { table: on },
            "create_enum" => Kind::CreateEnum {
                name: TableName::bare(pick(&["e", "o"], n[0])),
                values: vec!["x'y".into(), "two".into(), "three".into()],
            },
            "alter_enum" => Kind::AlterEnum {
                name: TableName::bare(pick(&["e", "o"], n[0])),
                add: if n[1] % 3 == 2 { vec![] } else { vec![pick(&["four", "five"], n[2]).to_owned()] },
                after: (n[3] % 3 == 1 && n[1] % 3 < 2).then(|| "three".to_owned()),
                rename: if n[1].is_multiple_of(3) {
                    vec![]
                } else {
                    vec![(pick(&["two", "2"], n[4]).into(), pick(&["2", "two"], n[4]).into())]
                },
            },
            _ => Kind::DropEnum { name: TableName::bare(pick(&["e", "o"], n[0])) },
        }
    }
}

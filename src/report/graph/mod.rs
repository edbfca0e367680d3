//! The graph of migrations, drawn: in the terminal, and as text that other programs draw.

mod lanes;

use std::io::{self, Write};

use serde::Serialize;

use super::{Paint, words};
use crate::ident::Version;

/// A migration in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub version: Version,
    pub name: String,
    /// What it requires, as places in the list of nodes, each once.
    pub requires: Vec<usize>,
}

/// Draws it in the terminal, newest first: under each migration what it requires, lines between them. `nodes` are in
/// the order in which they are applied, requirements first.
pub fn write_text(project: &str, nodes: &[Node], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mut required = vec![false; nodes.len()];
    for at in nodes.iter().flat_map(|node| &node.requires) {
        if let Some(flag) = required.get_mut(*at) {
            *flag = true;
        }
    }
    let heads = required.iter().filter(|required| !**required).count();
    let roots = nodes.iter().filter(|node| node.requires.is_empty()).count();
    let count = |number, what| words::count(number, what);
    writeln!(
        out,
        "{}: {}, {}, {}\n",
        paint.strong(project),
        count(nodes.len(), "migration"),
        count(roots, "root"),
        count(heads, "head")
    )?;
    let mut lanes = lanes::Lanes::default();
    for (at, node) in nodes.iter().enumerate().rev() {
        let rows = lanes.next(at, &node.requires);
        let name = if required.get(at) == Some(&false) { paint.strong(&node.name) } else { node.name.clone() };
        writeln!(out, "{} {} {name}", paint.dim(&rows.node), node.version)?;
        for row in &rows.lines {
            writeln!(out, "{}", paint.dim(row))?;
        }
    }
    Ok(())
}

/// Writes it for Graphviz.
pub fn write_dot(project: &str, nodes: &[Node], out: &mut dyn Write) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph {} {{", quoted(project))?;
    writeln!(out, "  rankdir = LR;\n  node [shape = box, style = rounded, fontname = \"sans-serif\"];")?;
    for node in nodes {
        let label = format!("{}\n{}", node.version, node.name);
        writeln!(out, "  {} [label = {}];", quoted(&node.name), quoted(&label).replace('\n', "\\n"))?;
    }
    for (from, to) in edges(nodes) {
        writeln!(out, "  {} -> {};", quoted(&from.name), quoted(&to.name))?;
    }
    writeln!(out, "}}")
}

/// Writes it as a Mermaid flowchart, which code hosts draw in Markdown.
pub fn write_mermaid(nodes: &[Node], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for node in nodes {
        let name = node.name.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        writeln!(out, "  v{}[\"{name}<br>{}\"]", node.version, node.version)?;
    }
    for (from, to) in edges(nodes) {
        writeln!(out, "  v{} --> v{}", from.version, to.version)?;
    }
    Ok(())
}

/// Writes it as JSON: `{ format_version, migrations: [{ version, name, requires: [names] }] }`, in the order in which they are
/// applied (of a circle, which has none, by version).
pub fn write_json(nodes: &[Node], out: &mut dyn Write) -> io::Result<()> {
    let migration = |node: &Node| MigrationJson {
        version: node.version.to_string(),
        name: node.name.clone(),
        requires: node.requires.iter().filter_map(|at| nodes.get(*at)).map(|node| node.name.clone()).collect(),
    };
    let migrations = nodes.iter().map(migration).collect();
    super::write_json(&GraphJson { format_version: super::FORMAT_VERSION, migrations }, out)
}

#[derive(Serialize)]
struct GraphJson {
    format_version: u32,
    migrations: Vec<MigrationJson>,
}

#[derive(Serialize)]
struct MigrationJson {
    version: String,
    name: String,
    requires: Vec<String>,
}

/// From each requirement to what requires it.
fn edges(nodes: &[Node]) -> impl Iterator<Item = (&Node, &Node)> {
    nodes.iter().flat_map(|node| node.requires.iter().filter_map(|at| nodes.get(*at)).map(move |from| (from, node)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes named `a`, `b`, …, each with what it requires by name.
    fn nodes(requires: &[&str]) -> Vec<Node> {
        let letter = |at: usize| char::from(b'a' + u8::try_from(at).unwrap());
        let place = |letter: char| usize::from(u8::try_from(letter).unwrap() - b'a');
        let node = |(at, requires): (usize, &&str)| Node {
            version: Version::new(1 + u128::try_from(at).unwrap()).unwrap(),
            name: letter(at).to_string(),
            requires: requires.chars().map(place).collect(),
        };
        requires.iter().enumerate().map(node).collect()
    }

    fn text(requires: &[&str]) -> String {
        let mut out = Vec::new();
        write_text("t", &nodes(requires), Paint::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_chain_is_one_line() {
        insta::assert_snapshot!(text(&["", "a", "b"]));
    }

    #[test]
    fn a_diamond_opens_and_closes() {
        insta::assert_snapshot!(text(&["", "a", "a", "bc"]));
    }

    #[test]
    fn several_roots_and_heads() {
        insta::assert_snapshot!(text(&["", "", "a", "ab", "b"]));
    }

    #[test]
    fn branches_cross() {
        insta::assert_snapshot!(text(&["", "a", "a", "bc", "bc", "de"]));
    }

    #[test]
    fn many_requirements_of_one() {
        insta::assert_snapshot!(text(&["", "", "", "", "abcd", "a", "ef"]));
    }

    #[test]
    fn what_does_not_belong_together_is_not_joined() {
        insta::assert_snapshot!(text(&["", "", "b", "a"]));
    }

    /// The requirements that a reader follows the lines to, by name.
    fn read(drawn: &str) -> Vec<(String, Vec<String>)> {
        let grid: Vec<Vec<char>> = drawn.lines().skip(2).map(|line| line.chars().collect()).collect();
        let at = |row: usize, column: usize| grid.get(row).and_then(|line| line.get(column)).copied().unwrap_or(' ');
        let own = |row: usize| grid[row].iter().position(|sign| *sign == '●');
        let name = |row: usize| grid[row].iter().collect::<String>().rsplit(' ').next().unwrap().to_owned();
        let down = |from: usize, column: usize| (from..grid.len()).find(|row| at(*row, column) == '●').map(name);
        let mut found = Vec::new();
        for row in (0..grid.len()).filter(|row| own(*row).is_some()) {
            let column = own(row).unwrap();
            let mut to = Vec::new();
            if row + 1 < grid.len() && own(row + 1).is_none() {
                let meets = |column: &usize| "├┤┼┬╭╮".contains(at(row + 1, *column));
                to.extend((0..grid[row + 1].len()).filter(meets).filter_map(|column| down(row + 2, column)));
            } else if "│●├┤┼".contains(at(row + 1, column)) {
                to.extend(down(row + 1, column));
            }
            to.sort();
            found.push((name(row), to));
        }
        found.reverse();
        found
    }

    proptest::proptest! {
        #[test]
        fn the_lines_lead_to_what_is_required(seeds in proptest::collection::vec(0_u32..1 << 16, 1..14)) {
            let requires: Vec<String> = seeds
                .iter()
                .enumerate()
                .map(|(at, &seed)| (0..at).filter(move |before| seed >> before & seed >> (before + 3) & 1 == 1))
                .map(|required| required.map(|at| char::from(b'a' + u8::try_from(at).unwrap())).collect())
                .collect();
            let drawn = text(&requires.iter().map(String::as_str).collect::<Vec<_>>());
            let read: Vec<String> = read(&drawn).into_iter().map(|(_, to)| to.concat()).collect();
            proptest::prop_assert_eq!(read, requires, "{}", drawn);
        }
    }

    #[test]
    fn nothing_is_said_so() {
        assert_eq!(text(&[]), "t: 0 migrations, 0 roots, 0 heads\n\n");
    }

    #[test]
    fn a_long_chain_is_drawn() {
        let nodes: Vec<Node> = (0..20_000_usize)
            .map(|at| Node {
                version: Version::new(1 + u128::try_from(at).unwrap()).unwrap(),
                name: format!("n{at}"),
                requires: at.checked_sub(1).into_iter().collect(),
            })
            .collect();
        let mut out = Vec::new();
        write_text("t", &nodes, Paint::default(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 20_002);
    }

    #[test]
    fn graphviz_and_mermaid() {
        let nodes = nodes(&["", "a", "a"]);
        let (mut dot, mut mermaid) = (Vec::new(), Vec::new());
        write_dot("the \"t\"", &nodes, &mut dot).unwrap();
        write_mermaid(&nodes, &mut mermaid).unwrap();
        insta::assert_snapshot!(format!("{}{}", String::from_utf8(dot).unwrap(), String::from_utf8(mermaid).unwrap()));
    }
}

//! The crate's source as it is read: its modules, what each names, and the file in which what is named stands.
//!
//! Names are followed through `use` and through what is exported again to the file that has the item, as the compiler
//! does; what a macro makes is looked for no further than its module. Methods name no file. Code of tests is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// What a name in a module is, besides a module in it: they may have one name.
enum Named {
    /// Something that stands in the module itself.
    Item,
    /// What a `use` brought.
    Used(Vec<String>),
}

/// What a path leads to.
pub enum Found {
    Module(usize),
    /// An item in the module of that number.
    Item(usize),
}

/// A module that has a file, or stands within one.
pub struct Module {
    /// From the crate's root.
    pub path: Vec<String>,
    above: Option<usize>,
    /// In `src`.
    pub file: String,
    modules: BTreeMap<String, usize>,
    names: BTreeMap<String, Named>,
    /// Modules whose names all are here, too.
    all_of: Vec<Vec<String>>,
    /// The paths that its code has.
    pub mentioned: BTreeSet<Vec<String>>,
}

/// All of the crate's modules but those of tests; the first is its root.
pub struct Crate {
    pub modules: Vec<Module>,
}

/// Every file of `src`, by its name there, with its text.
pub fn files() -> BTreeMap<String, String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![top.clone()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&top).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

impl Crate {
    /// Of those files, beginning with `lib.rs`.
    pub fn read(files: &BTreeMap<String, String>) -> Self {
        let mut all = Self { modules: Vec::new() };
        all.add_file(files, &[], "lib.rs");
        all
    }

    fn add_file(&mut self, files: &BTreeMap<String, String>, path: &[String], file: &str) -> usize {
        let parsed = syn::parse_file(&files[file]).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add(files, path, file, &parsed.items)
    }

    fn add(&mut self, files: &BTreeMap<String, String>, path: &[String], file: &str, items: &[Item]) -> usize {
        let number = self.modules.len();
        self.modules.push(Module {
            above: self.modules.iter().position(|other| path.split_last().is_some_and(|(_, up)| other.path == up)),
            path: path.to_vec(),
            file: file.to_owned(),
            modules: BTreeMap::new(),
            names: BTreeMap::new(),
            all_of: vec![],
            mentioned: BTreeSet::new(),
        });
        for item in items.iter().filter(|item| !of_tests(attributes(item))) {
            if let Item::Mod(module) = item {
                let name = module.ident.to_string();
                let inner = [path, std::slice::from_ref(&name)].concat();
                let added = match &module.content {
                    Some((_, items)) => self.add(files, &inner, file, items),
                    None => {
                        let stem = inner.join("/");
                        let flat = format!("{stem}.rs");
                        let file = if files.contains_key(&flat) { flat } else { format!("{stem}/mod.rs") };
                        self.add_file(files, &inner, &file)
                    }
                };
                self.modules[number].modules.insert(name, added);
            } else {
                let module = &mut self.modules[number];
                if let Some(name) = name(item) {
                    module.names.insert(name, Named::Item);
                }
                Mentions(module).visit_item(item);
            }
        }
        number
    }

    /// What a path in a module leads to; nothing where it leads out of the crate, or is none.
    pub fn find(&self, module: usize, path: &[String]) -> Option<Found> {
        self.follow(module, path, true, false, &mut BTreeSet::new())
    }

    /// `begins`: the path may begin with `crate`, or with another crate. `inside`: something in what it leads to is meant.
    fn follow<'a>(
        &'a self,
        mut module: usize,
        path: &'a [String],
        begins: bool,
        inside: bool,
        seen: &mut BTreeSet<(usize, &'a [String], bool)>,
    ) -> Option<Found> {
        if !seen.insert((module, path, inside)) {
            return None;
        }
        for (at, word) in path.iter().enumerate() {
            let here = &self.modules[module];
            let inside = inside || at + 1 < path.len();
            let inner = here.modules.get(word).copied();
            let other = match (word.as_str(), here.names.get(word)) {
                ("crate", _) => Some(0),
                ("self", _) => Some(module),
                ("super", _) => Some(here.above?),
                _ if inside && inner.is_some() => inner,
                (_, Some(Named::Item)) => return Some(Found::Item(module)),
                (_, Some(Named::Used(used))) => match self.follow(module, used, true, inside, seen)? {
                    Found::Module(other) => Some(other),
                    found @ Found::Item(_) => return Some(found),
                },
                (_, None) => inner,
            };
            module = match other {
                Some(other) => other,
                None => {
                    let through = |all_of: &'a Vec<String>| match self.follow(module, all_of, true, true, seen)? {
                        Found::Module(other) => self.follow(other, &path[at..], false, inside, seen),
                        Found::Item(_) => None,
                    };
                    // What a macro made is in its module.
                    let made = || (at > 0 || !begins).then_some(Found::Item(module));
                    return here.all_of.iter().find_map(through).or_else(made);
                }
            };
        }
        Some(Found::Module(module))
    }
}

/// Fills in what a module's code mentions and what it uses.
struct Mentions<'a>(&'a mut Module);

impl Mentions<'_> {
    fn uses(&mut self, tree: &UseTree, before: &[String], exports: bool) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.uses(&path.tree, &with(path.ident.to_string()), exports),
            UseTree::Name(name) if name.ident == "self" => {
                self.brought(before.last().unwrap().clone(), before.to_vec(), exports);
            }
            UseTree::Name(name) => self.brought(name.ident.to_string(), with(name.ident.to_string()), exports),
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" { before.to_vec() } else { with(rename.ident.to_string()) };
                self.brought(rename.rename.to_string(), path, exports);
            }
            UseTree::Glob(_) => {
                self.0.mentioned.insert(before.to_vec());
                self.0.all_of.push(before.to_vec());
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.uses(tree, before, exports)),
        }
    }

    fn brought(&mut self, name: String, path: Vec<String>, exports: bool) {
        // What is exported again is not used by that alone.
        if !exports {
            self.0.mentioned.insert(path.clone());
        }
        // `use clap;` brings nothing of this crate.
        if path.len() > 1 {
            self.0.names.insert(name, Named::Used(path));
        }
    }

    /// The paths in what is given to a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut mentioned = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        mentioned.push(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    mentioned.push(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        mentioned.push(path);
        self.0.mentioned.extend(mentioned.into_iter().filter(|path| !path.is_empty()));
    }
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !of_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.uses(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.mentioned.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    // `pub(crate)` and `#[…]` use nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Whether it is there for tests alone.
fn of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|what| what.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// What others call an item; nothing where they cannot.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

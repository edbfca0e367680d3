//! The SARIF of every case and page is held against the standard's own schema (OASIS, SARIF 2.1.0, which
//! forbids what it does not know).

use std::path::Path;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use dbmigrate::diagnostic::Code;

use crate::check::cases::{CASES, folder};
use crate::check::support::{Project, Ran};

struct Standard {
    schemas: Schemas,
    sarif: SchemaIndex,
}

impl Standard {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/sarif-2.1.0.schema.json");
        let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V7);
        compiler.enable_format_assertions();
        compiler.add_resource("sarif.json", schema).unwrap();
        let sarif = compiler.compile("sarif.json", &mut schemas).unwrap();
        Self { schemas, sarif }
    }

    #[track_caller]
    fn holds(&self, ran: &Ran) -> usize {
        let log = ran.json();
        if let Err(error) = self.schemas.validate(&log, self.sarif) {
            panic!("{error:#}\n{}", ran.out);
        }
        log["runs"][0]["results"].as_array().unwrap().len()
    }
}

const SARIF: [&str; 3] = ["check", "--format", "sarif"];

#[test]
fn every_case_is_valid() {
    let standard = Standard::new();
    for case in CASES {
        assert!(standard.holds(&Project::copy(&folder(case)).run(&SARIF)) > 0, "{case}");
    }
}

#[test]
fn every_page_is_valid() {
    let standard = Standard::new();
    let mut results = 0;
    for bad in Code::ALL.iter().filter_map(|code| crate::check::pages::block(&crate::check::pages::page(*code), "bad"))
    {
        results += standard.holds(&Project::of(&bad).run(&SARIF));
    }
    assert!(results > 30, "{results}");
}

#[test]
fn odd_names_of_files_and_no_findings_are_valid() {
    let standard = Standard::new();
    let project = Project::of("[project]\nname = \"t\"\nbackends = [\"sqlite\"]\n");
    assert_eq!(standard.holds(&project.run(&SARIF)), 0);
    project.write("migrations/1_größe 100%.toml", "[[up]]\ndrop_table = \"größe\"\n");
    assert!(standard.holds(&project.run(&SARIF)) > 0);
    project.write("migrations/2_empty.toml", "");
    assert!(standard.holds(&project.run(&SARIF)) > 0);
    let broken = Project::of("[project\n");
    assert!(standard.holds(&broken.run(&SARIF)) > 0);
}

#[test]
fn a_log_that_is_not_valid_is_told() {
    let (standard, ran) = (Standard::new(), Project::of("").run(&SARIF));
    let mut log = ran.json();
    assert!(standard.schemas.validate(&log, standard.sarif).is_ok());
    log["runs"][0]["findings"] = log["runs"][0]["results"].take();
    assert!(standard.schemas.validate(&log, standard.sarif).is_err());
}

//! A relay between the program and MySQL's server, which counts the statements that are journaled and cuts at one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Where a relay cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Nowhere: it counts.
    Nowhere,
    /// Before that statement (from 1) reaches the server: it is kept, and so is everything after it.
    Before(usize),
    /// After that statement has run, before its answer is passed on: both connections are closed.
    After(usize),
    /// Nowhere, but the answers to that statement come a second late.
    Late(usize),
}

/// A relay that listens on a port of its own until it is dropped.
pub struct Relay {
    port: u16,
    statements: Arc<AtomicUsize>,
    cut: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

/// What every message with a statement of a migration has in it.
const MARK: &[u8] = b"UPDATE `dbmigrate_journal` SET `version`";

impl Relay {
    /// To a server, `host:port`.
    pub fn to(server: &str, at: At) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Self {
            port,
            statements: Arc::new(AtomicUsize::new(0)),
            cut: Arc::new(AtomicBool::new(false)),
            gone: Arc::new(AtomicBool::new(false)),
        };
        let (statements, cut, gone) = (Arc::clone(&relay.statements), Arc::clone(&relay.cut), Arc::clone(&relay.gone));
        let server = server.to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                if gone.load(Ordering::SeqCst) || cut.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(upstream) = TcpStream::connect(&server) else { return };
                let (statements, cut) = (Arc::clone(&statements), Arc::clone(&cut));
                thread::spawn(move || pass(client, upstream, at, &statements, &cut));
            }
        });
        relay
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many statements came by.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// Whether it has cut.
    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // The listener wakes up, and ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pass(mut client: TcpStream, mut server: TcpStream, at: At, statements: &AtomicUsize, cut: &Arc<AtomicBool>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let held = Arc::new(AtomicBool::new(false));
    let holds = Arc::clone(&held);
    let late = Arc::new(AtomicBool::new(false));
    let is_late = Arc::clone(&late);
    let is_cut = Arc::clone(cut);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = answers.read(&mut buffer) {
            if holds.load(Ordering::SeqCst) {
                // The statement's own answer comes last; what is at once there is all of it.
                thread::sleep(std::time::Duration::from_millis(30));
                is_cut.store(true, Ordering::SeqCst);
                let _ = answers.shutdown(Shutdown::Both);
                let _ = back.shutdown(Shutdown::Both);
                return;
            }
            if is_late.swap(false, Ordering::SeqCst) {
                thread::sleep(std::time::Duration::from_secs(1));
            }
            if back.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
        let _ = back.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let message = buffer[..length].to_vec();
        if message.windows(MARK.len()).any(|window| window == MARK) {
            let number = statements.fetch_add(1, Ordering::SeqCst) + 1;
            match at {
                At::Before(here) if number >= here => {
                    cut.store(true, Ordering::SeqCst);
                    // Nothing passes any more; the server hears that the client is gone once it is killed.
                    while let Ok(1..) = client.read(&mut buffer) {}
                    let _ = server.shutdown(Shutdown::Both);
                    return;
                }
                At::After(here) if number >= here => held.store(true, Ordering::SeqCst),
                At::Late(here) if number == here => late.store(true, Ordering::SeqCst),
                _ => {}
            }
        }
        if server.write_all(&message).is_err() {
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

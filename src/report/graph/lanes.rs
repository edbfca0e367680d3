//! The lines of a graph in the terminal, as `git log --graph` draws them: each lane goes down to a migration that is still to
//! come, and one that several wait for has one lane.

/// The lanes between two rows: the migration that each goes to.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    goes: Vec<Option<usize>>,
    /// The lane of the migration drawn last, if it ended there: what is drawn right below would look joined to it.
    ended: Option<usize>,
}

/// What is drawn for a migration.
#[derive(Debug)]
pub(super) struct Rows {
    /// Beside its name.
    pub(super) node: String,
    /// Below it, where lines go to the side.
    pub(super) lines: Vec<String>,
}

/// How a lane meets the line that runs to the side through a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meets {
    /// Not at all.
    Passes,
    /// It comes from above and goes on.
    GoesOn,
    /// It comes from above and ends in the line.
    Ends,
    /// It begins at the line.
    Begins,
}

impl Lanes {
    /// Draws a migration, and the lines from it to those it requires, which all come later.
    pub(super) fn next(&mut self, node: usize, requires: &[usize]) -> Rows {
        let own = self.lane_to(node);
        let row = self.row(|lane| if lane == own { '●' } else { '│' });
        if let Some(slot) = self.goes.get_mut(own) {
            *slot = None;
        }
        self.ended = requires.is_empty().then_some(own);
        let mut met: Vec<(usize, Meets)> = Vec::new();
        let mut kept = false;
        let mut requires = requires.to_vec();
        // The last one applied is drawn next: its line goes straight on.
        requires.sort_unstable_by(|a, b| b.cmp(a));
        for required in requires {
            if let Some(lane) = self.goes.iter().position(|goes| *goes == Some(required)) {
                met.push((lane, Meets::GoesOn));
            } else if kept {
                let lane = self.free(own);
                self.set(lane, required);
                met.push((lane, Meets::Begins));
            } else {
                self.set(own, required);
                kept = true;
            }
        }
        let lines = if met.is_empty() {
            Vec::new()
        } else {
            met.push((own, if kept { Meets::GoesOn } else { Meets::Ends }));
            vec![self.line(&met)]
        };
        while self.goes.last() == Some(&None) {
            self.goes.pop();
        }
        Rows { node: row, lines }
    }

    /// The lane that goes to a migration; a new one where none does.
    fn lane_to(&mut self, node: usize) -> usize {
        self.goes.iter().position(|goes| *goes == Some(node)).unwrap_or_else(|| {
            let free = |lane: &usize| self.goes.get(*lane).is_none_or(Option::is_none) && self.ended != Some(*lane);
            let lane = (0..=self.goes.len() + 1).find(free).unwrap_or(0);
            self.set(lane, node);
            lane
        })
    }

    /// The first free lane beside another, to its right.
    fn free(&self, beside: usize) -> usize {
        (beside..self.goes.len()).find(|lane| self.goes.get(*lane) == Some(&None)).unwrap_or(self.goes.len())
    }

    fn set(&mut self, lane: usize, node: usize) {
        if lane >= self.goes.len() {
            self.goes.resize(lane + 1, None);
        }
        if let Some(slot) = self.goes.get_mut(lane) {
            *slot = Some(node);
        }
    }

    fn row(&self, sign: impl Fn(usize) -> char) -> String {
        let mut row = String::new();
        for (lane, goes) in self.goes.iter().enumerate() {
            row.push(if goes.is_some() { sign(lane) } else { ' ' });
            row.push(' ');
        }
        row.trim_end().to_owned()
    }

    /// A line to the side that meets those lanes.
    fn line(&self, met: &[(usize, Meets)]) -> String {
        let first = met.iter().map(|(lane, _)| *lane).min().unwrap_or(0);
        let last = met.iter().map(|(lane, _)| *lane).max().unwrap_or(0);
        let mut line = String::new();
        for lane in 0..self.goes.len().max(last + 1) {
            let (left, right) = (lane > first && lane <= last, lane >= first && lane < last);
            let meets = met.iter().find(|(at, _)| *at == lane).map_or(Meets::Passes, |(_, meets)| *meets);
            line.push(match (meets, left, right) {
                (Meets::Passes, true, true) if self.goes.get(lane).copied().flatten().is_none() => '─',
                (Meets::Passes, ..) if self.goes.get(lane).copied().flatten().is_some() => '│',
                (Meets::Passes, ..) => ' ',
                (Meets::GoesOn, true, true) => '┼',
                (Meets::GoesOn, true, false) => '┤',
                (Meets::GoesOn, false, _) => '├',
                (Meets::Ends, true, true) => '┴',
                (Meets::Ends, true, false) => '╯',
                (Meets::Ends, false, _) => '╰',
                (Meets::Begins, true, true) => '┬',
                (Meets::Begins, true, false) => '╮',
                (Meets::Begins, false, _) => '╭',
            });
            line.push(if right { '─' } else { ' ' });
        }
        line.trim_end().to_owned()
    }
}

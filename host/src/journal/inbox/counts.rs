use super::stored::strange;
use crate::journal::Result;

/// How much there is in an inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries that are kept.
    pub deliveries: u64,
    /// Hints that are pending.
    pub pending: u64,
    /// Starts for which nothing has been done yet.
    pub wanted: u64,
    /// Starts that wait for something.
    pub waiting: u64,
    /// Starts that are being made.
    pub starting: u64,
    /// Starts that are to be tried again.
    pub retrying: u64,
    /// Starts that were made.
    pub started: u64,
    /// Starts that were given up.
    pub stopped: u64,
    /// Starts of which nobody knows.
    pub unknown: u64,
}

impl Counts {
    /// Stores how many starts have a state.
    pub(in crate::journal) fn set(&mut self, word: &str, count: u64) -> Result<()> {
        let place = match word {
            "wanted" => &mut self.wanted,
            "waiting" => &mut self.waiting,
            "starting" => &mut self.starting,
            "retrying" => &mut self.retrying,
            "started" => &mut self.started,
            "stopped" => &mut self.stopped,
            "unknown" => &mut self.unknown,
            _ => return Err(strange(word)),
        };
        *place = count;
        Ok(())
    }
}

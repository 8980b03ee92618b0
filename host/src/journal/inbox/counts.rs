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

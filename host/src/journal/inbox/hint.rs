use super::NewStart;

/// What a registry says was pushed. A hint, nothing more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, where it is said. An empty one is none.
    pub digest: Option<String>,
}

/// A hint that is the caller's to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedHint {
    /// Its number.
    pub id: u64,
    /// What was said.
    pub hint: Hint,
    /// How many deliveries have said it.
    pub deliveries: u64,
    /// How often it has been postponed since it last came in.
    pub attempts: u32,
    /// Which claim this is.
    pub fence: u64,
}

/// What a hint comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing is to be started.
    Ignored {
        /// The reason.
        why: String,
    },
    /// This is to be started, unless it has been.
    Wanted(NewStart),
}

/// A hint, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintRow {
    /// Its number.
    pub id: u64,
    /// What was said.
    pub hint: Hint,
    /// How many deliveries have said it: none, if it was found before any did.
    pub deliveries: u64,
    /// When it first came in, in milliseconds since 1970.
    pub first: u64,
    /// When it last came in, in milliseconds since 1970.
    pub last: u64,
    /// What has become of it.
    pub state: HintState,
}

/// What has become of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintState {
    /// It has not been settled since it last came in.
    Pending {
        /// Why it was postponed, if it was.
        why: Option<String>,
        /// When it is looked into, in milliseconds since 1970; 0 is at once.
        again_at: u64,
    },
    /// Nothing was to be started.
    Ignored {
        /// The reason.
        why: String,
    },
    /// Something was to be started.
    Wanted {
        /// The number of the start.
        start: u64,
    },
}

use std::fmt;

/// Why an action is refused. Several can hold at once; a program names whichever it looks at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// An account that it needs is not there.
    Missing,
    /// An account that it creates is there already.
    Exists,
    /// Another party must sign.
    WrongSigner,
    /// The programs are paused.
    Paused,
    /// The escrow's state does not allow it.
    WrongState,
    /// A window has not ended, or a time has not come.
    TooEarly,
    /// A window has ended.
    TooLate,
    /// An amount of zero, or a number outside its bounds.
    Argument,
    /// A receipt that shows nothing new.
    Stale,
    /// The wallet that pays has too little.
    Funds,
    /// The node has too little free stake.
    Stake,
    /// The node is suspended.
    Suspended,
    /// The node is banned.
    Banned,
    /// The node belongs to the job's user.
    OwnNode,
    /// Nothing was requested, or nothing is due.
    NothingDue,
    /// More than the insurance pool pays for one job.
    Insurance,
    /// More than a number can hold.
    Overflow,
    /// What was proven, or was not, does not allow it.
    Evidence,
    /// Work is done and held.
    WorkHeld,
}

impl Reason {
    /// All of them, in order.
    pub const ALL: [Self; 19] = [
        Self::Missing,
        Self::Exists,
        Self::WrongSigner,
        Self::Paused,
        Self::WrongState,
        Self::TooEarly,
        Self::TooLate,
        Self::Argument,
        Self::Stale,
        Self::Funds,
        Self::Stake,
        Self::Suspended,
        Self::Banned,
        Self::OwnNode,
        Self::NothingDue,
        Self::Insurance,
        Self::Overflow,
        Self::Evidence,
        Self::WorkHeld,
    ];
}

/// A set of reasons; the empty one means that nothing stands against an action.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(u32);

impl Reasons {
    /// Adds `reason` where `holds` is not true.
    pub fn unless(&mut self, holds: bool, reason: Reason) {
        if !holds {
            self.0 |= 1 << reason as u8;
        }
    }

    /// Whether nothing stands against the action.
    pub const fn none(self) -> bool {
        self.0 == 0
    }

    /// Whether `reason` is one of them.
    pub const fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Reason::ALL.iter().filter(|reason| self.contains(**reason)))
            .finish()
    }
}

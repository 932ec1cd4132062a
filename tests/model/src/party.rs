use std::fmt;

/// Who may sign an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// Funds the job of the same number.
    User(u8),
    /// Owns a node and its stake.
    Node(u8),
    /// Assigns nodes.
    Coordinator,
    /// Settles disputes.
    Authority,
    /// Pauses the programs.
    Admin,
    /// Anyone else.
    Stranger,
}

impl Party {
    /// Everybody, once.
    pub const ALL: [Self; 8] = [
        Self::User(0),
        Self::User(1),
        Self::Node(0),
        Self::Node(1),
        Self::Coordinator,
        Self::Authority,
        Self::Admin,
        Self::Stranger,
    ];

    /// Position in [`Party::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::User(user) => user as usize,
            Self::Node(node) => 2 + node as usize,
            Self::Coordinator => 4,
            Self::Authority => 5,
            Self::Admin => 6,
            Self::Stranger => 7,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user {user}"),
            Self::Node(node) => write!(f, "node {node}"),
            Self::Coordinator => f.write_str("the coordinator"),
            Self::Authority => f.write_str("the dispute authority"),
            Self::Admin => f.write_str("the admin"),
            Self::Stranger => f.write_str("a stranger"),
        }
    }
}

//! Kinds and states of chain writes, with the names that the schema has for them.

use crate::error::Error;

macro_rules! names {
    ($(#[$meta:meta])* $enum:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $enum { $($(#[$doc])* $variant,)* }

        impl $enum {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the database, in logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(super) fn parse(name: &str) -> Result<Self, Error> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(Error::Corrupt(format!("unknown {} '{name}'", stringify!($enum)))),
                }
            }
        }
    };
}

names! {
    /// What is to happen on the chain.
    Kind {
        /// The coordinator names the node.
        AssignNode = "assign_node",
        /// The acceptance window is over.
        Release = "release",
        /// The deadline has passed.
        TimeoutRefund = "timeout_refund",
        /// No node was found in time.
        ExpireUnassigned = "expire_unassigned",
        /// The receipt window is over.
        SettleCancel = "settle_cancel",
        /// The time to decide a dispute is over.
        ExpireDispute = "expire_dispute",
        /// The slot is over whose hash goes into a proof's challenge.
        PinSlotHash = "pin_slot_hash",
        /// That hash is fixed, so our nonce may be known.
        ShowNonce = "show_nonce",
        /// The other nonce did not come in time.
        DrawChallenge = "draw_challenge",
        /// The node has signed a false proof.
        SettleRefuted = "settle_refuted",
        /// The job is settled, and the rent of its transcript the user's.
        CloseTranscript = "close_transcript",
    }
}

impl Kind {
    /// Whether it changes the job's transcript, and no money.
    pub const fn is_of_transcript(self) -> bool {
        matches!(
            self,
            Self::PinSlotHash | Self::ShowNonce | Self::DrawChallenge | Self::CloseTranscript
        )
    }
}

names! {
    /// How far a chain write is.
    State {
        /// Decided; nothing is signed that could still land.
        Intended = "intended",
        /// Signed and perhaps sent.
        Signed = "signed",
        /// Its goal is reached.
        Landed = "landed",
        /// Its goal cannot be reached.
        Failed = "failed",
    }
}

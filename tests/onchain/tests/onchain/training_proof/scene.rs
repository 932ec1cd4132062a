//! One job with a transcript, brought to where the tests begin.

use std::sync::LazyLock;

use cyxwiz_proof::field::sha256;
use cyxwiz_statement::{ChallengeSeed, Registered};
use cyxwiz_tests_onchain::{
    CYXWIZ, Job, Sent, Wallet, World, address, completion, job_args, key, slot_hash, succeed,
};
use job_escrow::{Completion, CreateEscrowArgs, Tier, Verification};
use solana_signer::Signer;
use training_proof::{CLOCK_TOLERANCE_SECONDS, Claim, Commitment, Nonces, OpenArgs, nonce_hash};

use super::run::{EPOCHS, Parties, RATE, Run, circuit, given};
use crate::scene::{STAKE, Scene as Market};

pub const USER_NONCE: [u8; 32] = [11; 32];
pub const COORDINATOR_NONCE: [u8; 32] = [12; 32];
pub const BOTH: Nonces = Nonces {
    user: Some(USER_NONCE),
    coordinator: Some(COORDINATOR_NONCE),
};
/// The slot of everything up to the commitment.
pub const SLOT: u64 = 5_000;

/// What the user's first job trains, whatever becomes of it on the chain.
static RUN: LazyLock<Run> = LazyLock::new(|| {
    let (user, job_id) = (key("user").pubkey(), [1; 16]);
    Run::of(&Parties {
        escrow: address::escrow(&user, &job_id),
        job_id,
        user,
        node: key("node").pubkey(),
    })
});

/// The proof that the scene's challenge asks for, the slot hash of the first possible slot and both nonces in it.
static PROOF: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let escrow = address::escrow(&key("user").pubkey(), &[1; 16]);
    let made = RUN.commitment();
    let seed = ChallengeSeed {
        escrow: escrow.to_bytes(),
        root: made.root,
        trained: made.trained,
        slot_hash: slot_hash(SLOT + 32),
        user_nonce: USER_NONCE,
        coordinator_nonce: COORDINATOR_NONCE,
    };
    let (start, slack) = (cyxwiz_tests_onchain::START, CLOCK_TOLERANCE_SECONDS);
    let (starts, ends) = ((start - slack) as u64, (start + slack) as u64);
    let statement = RUN.statement(&seed.digest(sha256), starts, ends);
    RUN.prove(&statement)
});

/// The run's proof.
pub fn proof() -> [u8; 256] {
    *PROOF
}

/// What the run's node claims with its proof.
pub fn claim() -> Claim {
    static CLAIM: LazyLock<Claim> = LazyLock::new(|| {
        let scene = Scene::revealed();
        scene.world.claim_of(&scene.job, proof())
    });
    *CLAIM
}

/// The public input of the run's proof.
pub fn public_input() -> [u8; 32] {
    claim().public_input
}

/// A proof like the run's whose points lie on their curves, and which shows nothing: C in place of -A.
pub fn false_proof() -> [u8; 256] {
    let mut proof = proof();
    proof.copy_within(192.., 0);
    proof
}

/// What an escrow pins of this circuit.
pub fn pinned(tier: Tier, circuit: &Registered) -> Verification {
    Verification {
        tier,
        samples: circuit.circuit.samples(),
        circuit: circuit.id,
        runtime_class: [0; 32],
    }
}

/// A market with one user, one node and one job of six epochs.
pub struct Scene {
    pub world: World,
    pub user: Wallet,
    pub node: Wallet,
    pub job: Job,
    /// What `open` is told.
    pub open: OpenArgs,
    /// What `commit` is told.
    pub made: Commitment,
}

/// A job as it is created.
pub fn escrow_args() -> CreateEscrowArgs {
    CreateEscrowArgs {
        required_epochs: EPOCHS.into(),
        verification: pinned(Tier::ZkExact, circuit()),
        ..job_args(1)
    }
}

impl Scene {
    /// The escrow is open.
    pub fn funded(args: CreateEscrowArgs, node: &str) -> Self {
        let mut world = World::new();
        world.set_slot(SLOT);
        let user = world.user("user", 100 * CYXWIZ);
        let node = world.node(node, STAKE);
        let pinned = args.verification;
        let job = world.do_create_escrow(&user, args);
        let (dataset, initial) = given();
        let hash = |nonce| nonce_hash(&job.escrow.to_bytes(), &nonce);
        let open = OpenArgs {
            circuit: pinned.circuit,
            dataset,
            initial,
            rate: RATE,
            user_nonce_hash: hash(USER_NONCE),
            coordinator_nonce_hash: hash(COORDINATOR_NONCE),
        };
        Self {
            world,
            user,
            node,
            job,
            open,
            made: RUN.commitment(),
        }
    }

    /// The escrow of the run's job is open.
    pub fn before() -> Self {
        Self::funded(escrow_args(), "node")
    }

    /// The transcript is open too.
    pub fn announced() -> Self {
        Self::before().do_announce()
    }

    /// The transcript is open, the node works.
    pub fn opened() -> Self {
        Self::before().do_open()
    }

    /// The node has committed.
    pub fn committed() -> Self {
        Self::opened().do_commit()
    }

    /// The steps to show are drawn.
    pub fn revealed() -> Self {
        Self::committed().do_reveal()
    }

    /// They were shown.
    pub fn verified() -> Self {
        let mut scene = Self::revealed();
        let sent = scene.world.verify(&scene.job, proof(), &scene.node.key);
        succeed("verify", sent);
        scene
    }

    /// The node has signed a proof that is none.
    pub fn refuted() -> Self {
        let mut scene = Self::revealed();
        let sent = scene
            .world
            .verify(&scene.job, false_proof(), &scene.node.key);
        succeed("verify", sent);
        scene
    }

    /// The slot hash was lost.
    pub fn full_audit() -> Self {
        let mut scene = Self::committed();
        scene.world.set_slot(SLOT + 32 + 513);
        succeed("reveal", scene.world.reveal(&scene.job, BOTH));
        scene
    }

    /// The proven job is submitted.
    pub fn submitted() -> Self {
        let mut scene = Self::verified();
        let sent = scene.submit();
        succeed("submit_completion", sent);
        scene
    }

    /// `submit_completion` by the node.
    pub fn submit(&mut self) -> Sent {
        let result = Completion {
            epochs: EPOCHS.into(),
            ..completion()
        };
        self.world
            .submit_completion(&self.job, result, &self.node.key)
    }

    /// `open`, and the node's assignment.
    pub fn do_open(self) -> Self {
        let mut scene = self.do_announce();
        scene.world.do_assign_node(&scene.job, &scene.node);
        scene
    }

    fn do_announce(mut self) -> Self {
        let accounts = self.world.open_transcript_accounts(&self.job);
        let user = &[&self.user.key];
        succeed(
            "open",
            self.world.open_transcript(accounts, self.open, user),
        );
        self
    }

    pub fn do_commit(mut self) -> Self {
        let sent = self.world.commit(&self.job, self.made, &self.node);
        succeed("commit", sent);
        self
    }

    pub fn do_reveal(mut self) -> Self {
        self.world.set_slot(SLOT + 40);
        succeed("reveal", self.world.reveal(&self.job, BOTH));
        self
    }

    /// As a market, to be surrounded by others.
    pub fn into_market(self) -> Market {
        Market {
            world: self.world,
            user: self.user,
            node: self.node,
            job: self.job,
        }
    }
}

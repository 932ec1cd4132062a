//! What the embedded chain must offer so that a challenge is drawn there: slot hashes, and slots that go by.
//! The services are gone; each step is signed by hand.

use cyxwiz_chain::{
    Chain, ChainError, EscrowAccount, Instruction, TranscriptAccount, TranscriptStage,
    Verification,
    instructions::{
        escrow::{self, NewEscrow, Records},
        proof::{self, Commitment, OpenTranscript},
    },
    nonce_hash, pda,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId};
use cyxwiz_tests_e2e::{JobFile, Stack};

const USER_NONCE: [u8; 32] = [1; 32];
const COORDINATOR_NONCE: [u8; 32] = [2; 32];

/// A field element that commits to nothing.
const WORD: Digest = Digest([7; 32]);

/// A market without services.
struct ByHand {
    stack: Stack,
    chain: Chain,
}

impl ByHand {
    fn up() -> Self {
        let stack = Stack::up();
        for process in ["node-1", "node-2", "coordinator"] {
            stack.kill(process);
        }
        Self {
            chain: stack.chain(),
            stack,
        }
    }

    async fn execute(&self, by: &str, instructions: &[Instruction]) -> Result<String, ChainError> {
        let signer = self.stack.signer(by);
        self.chain.execute(instructions, &signer, &[]).await
    }

    async fn transcript(&self, escrow: &EscrowAccount) -> TranscriptAccount {
        let read = self.chain.transcript(escrow.address).await;
        read.expect("the chain").expect("a transcript")
    }

    /// A job that is trained and committed to.
    async fn committed(&self) -> EscrowAccount {
        let spec = JobFile::integers(self.stack.dir()).spec();
        let user = self.stack.wallet("user").address();
        let node = self.stack.wallet("node-1").address();
        let id = JobId(uuid::Uuid::new_v4());
        let address = pda::escrow(user, id);
        let new = NewEscrow {
            job_id: id,
            amount: Amount::tokens(10),
            spec_hash: Digest(spec.spec_hash()),
            dataset_root: Digest([3; 32]),
            required_epochs: spec.job.epochs,
            estimated_seconds: 60,
            timeout_seconds: 3_600,
            verification: Verification::of(&spec),
        };
        let open = OpenTranscript {
            circuit: new.verification.circuit,
            dataset: WORD,
            initial: WORD,
            rate: 24,
            user_nonce_hash: nonce_hash(address, &USER_NONCE),
            coordinator_nonce_hash: nonce_hash(address, &COORDINATOR_NONCE),
        };
        let mint = self.chain.escrow_config().await.expect("configured").mint;
        let fund = [
            escrow::create(user, mint, &new),
            proof::open(user, address, &open),
        ];
        self.execute("user", &fund).await.expect("funded");

        let account = self.escrow(address).await;
        let coordinator = self.stack.wallet("coordinator").address();
        let records = Records {
            node: self.chain.reputation(node).await.expect("read").is_some(),
            user: self
                .chain
                .user_reputation(user)
                .await
                .expect("read")
                .is_some(),
        };
        let assign = escrow::assign(coordinator, &account, &new, node, records);
        self.execute("coordinator", &assign)
            .await
            .expect("assigned");
        let made = Commitment {
            root: WORD,
            trained: WORD,
            leaves_hash: WORD,
            epochs: 8,
        };
        self.execute("node-1", &[proof::commit(node, address, &made)])
            .await
            .expect("committed");
        self.escrow(address).await
    }

    async fn escrow(&self, at: Address) -> EscrowAccount {
        let read = self.chain.escrow(at).await;
        read.expect("the chain").expect("an escrow")
    }

    /// Anyone's call.
    async fn reveal(
        &self,
        escrow: &EscrowAccount,
        user: Option<[u8; 32]>,
        coordinator: Option<[u8; 32]>,
    ) -> Result<String, ChainError> {
        let reveal = proof::reveal(escrow.address, user, coordinator);
        self.execute("admin", &[reveal]).await
    }
}

fn name_of(refused: Result<String, ChainError>) -> String {
    match refused.expect_err("refused") {
        ChainError::Refused {
            name: Some(name), ..
        } => name,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_drawn_from_a_slot_hash_of_the_embedded_chain() {
    let market = ByHand::up();
    let escrow = market.committed().await;
    let early = market.reveal(&escrow, None, None).await;
    assert_eq!(name_of(early), "RevealTooEarly");

    market.stack.advance_slots(33);
    let revealed = market.reveal(&escrow, None, None).await.expect("in time");
    let units = market.chain.compute_units(&revealed).await.expect("read");
    assert!(units.expect("it landed") > 0);
    let pinned = market.transcript(&escrow).await;
    assert_eq!(pinned.stage, TranscriptStage::Committed);
    assert_eq!(pinned.target_slot, pinned.commit_slot + 32);
    // The slot stays, also behind the runtime's list.
    market.stack.advance_slots(513);
    market
        .reveal(&escrow, Some(USER_NONCE), Some(COORDINATOR_NONCE))
        .await
        .expect("both nonces");
    let drawn = market.transcript(&escrow).await;
    assert_eq!(drawn.stage, TranscriptStage::Revealed);
    assert_eq!(drawn.target_slot, pinned.target_slot);
    assert!(drawn.statement().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_nonce_is_waited_for_and_then_done_without() {
    let market = ByHand::up();
    let escrow = market.committed().await;
    market.stack.advance_slots(33);
    market
        .reveal(&escrow, None, Some(COORDINATOR_NONCE))
        .await
        .expect("in time");
    let waiting = market.reveal(&escrow, None, None).await;
    assert_eq!(name_of(waiting), "NonceMissing");
    market.stack.advance_slots(451 - 33);
    market.reveal(&escrow, None, None).await.expect("no more");
    let drawn = market.transcript(&escrow).await;
    assert_eq!(drawn.stage, TranscriptStage::Revealed);
    assert_eq!(drawn.user_nonce, None);

    // Nobody called in time: there is no second draw.
    let forgotten = market.committed().await;
    market.stack.advance_slots(32 + 513);
    market
        .reveal(&forgotten, Some(USER_NONCE), Some(COORDINATOR_NONCE))
        .await
        .expect("noted");
    let lost = market.transcript(&forgotten).await;
    assert_eq!(lost.stage, TranscriptStage::FullAudit);
    assert_eq!(lost.statement(), None);
}

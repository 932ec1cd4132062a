//! What a user of a proven job fixes on the chain, by hand.

use cyxwiz_chain::{
    Signer,
    instructions::{
        escrow,
        proof::{self, OpenTranscript},
    },
    nonce_hash, pda,
};
use cyxwiz_domain::{Address, Digest, dataset::Table};

use crate::{CoordinatorClient, Stack, SubmittedJob};

impl SubmittedJob {
    /// What an honest engine of `user` opens the transcript with.
    ///
    /// # Panics
    /// When the job has no proof.
    pub fn opening(&self, user: Address, user_nonce: &[u8; 32]) -> OpenTranscript {
        let table = Table::read(self.data.as_slice(), &self.spec).expect("rows");
        let opening =
            cyxwiz_proof::job::opening(&self.spec, Some(&table), self.escrow.dataset_root);
        let opening = opening.expect("rows that fit").expect("a job with a proof");
        OpenTranscript {
            circuit: Digest(opening.circuit.id),
            dataset: Digest(opening.dataset),
            initial: Digest(opening.initial),
            rate: opening.rate,
            user_nonce_hash: nonce_hash(pda::escrow(user, self.id), user_nonce),
            coordinator_nonce_hash: self.coordinator_nonce_hash.expect("a job with a proof"),
        }
    }
}

impl CoordinatorClient {
    /// Funds a job and opens its transcript in one transaction; the escrow's address.
    pub async fn fund_proven(
        &self,
        stack: &Stack,
        job: &SubmittedJob,
        open: &OpenTranscript,
    ) -> Address {
        let (chain, user) = (stack.chain(), self.wallet.address());
        let address = pda::escrow(user, job.id);
        let mint = chain.escrow_config().await.expect("a configuration").mint;
        let signer = Signer::from_keypair_bytes(&self.wallet.to_keypair_bytes()).expect("a key");
        let fund = [
            escrow::create(user, mint, &job.escrow),
            proof::open(user, address, open),
        ];
        chain
            .execute(&fund, &signer, &[])
            .await
            .expect("the escrow is funded");
        address
    }
}

//! The steps of a launch.

use cyxwiz_chain::{
    Chain, ChainError, Signer, VestingAccount,
    instructions::{
        setup::{MINT_LEN, create_seeded_mint},
        vesting::{NewVesting, create},
    },
    pda, programs,
};
use cyxwiz_domain::{Address, Amount, amount::DECIMALS};

use crate::{
    Allocation, Plan, PlanError,
    report::{AllocationReport, Report, Step},
};

/// All CYXWIZ there will ever be.
pub const SUPPLY: Amount = Amount::tokens(1_000_000_000);

/// Why a launch stopped. Nothing of it has to be undone: with the cause gone, it goes on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LaunchError {
    /// The plan is incomplete.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The chain did not answer or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The program is missing.
    #[error("the vesting program {0} is not on this chain: deploy it first, or check --rpc-url")]
    NoProgram(Address),
    /// Something else lives where the mint should.
    #[error("the mint {mint} is not this token: {reason}; launch under another --seed")]
    WrongMint {
        /// Where.
        mint: Address,
        /// What is wrong.
        reason: String,
    },
    /// An allocation is there, with other terms.
    #[error(
        "the allocation '{key}' ({vesting}) was made with other terms: use the plan that the launch began with"
    )]
    OtherTerms {
        /// Which.
        key: String,
        /// Where.
        vesting: Address,
    },
    /// The tokens are elsewhere.
    #[error(
        "{missing} CYXWIZ are still to be allocated, but the wallet holds {held}: they were moved, or the plan is not the one that the launch began with"
    )]
    Short {
        /// What the missing allocations need.
        missing: Amount,
        /// What the wallet has.
        held: Amount,
    },
}

/// A token about to be made, or in the making.
pub struct Launch {
    chain: Chain,
    funder: Signer,
    plan: Plan,
    seed: String,
}

impl Launch {
    /// `funder` pays, and holds the supply until it is allocated; `seed` tells its mints apart.
    pub fn new(chain: Chain, funder: Signer, plan: Plan, seed: &str) -> Self {
        Self {
            chain,
            funder,
            plan,
            seed: seed.to_owned(),
        }
    }

    /// Where the mint is or will be.
    ///
    /// # Errors
    /// [`LaunchError::Chain`] for a seed that cannot name one.
    pub fn mint(&self) -> Result<Address, LaunchError> {
        Ok(pda::seeded_mint(self.funder.address(), &self.seed)?)
    }

    /// Takes every step that is still to be taken, and reports on all of them.
    ///
    /// # Errors
    /// [`LaunchError`]; what was done before stays, and another run goes on from there.
    pub async fn run(&self) -> Result<Report, LaunchError> {
        let program = programs::vesting();
        if !self.chain.exists(program).await? {
            return Err(LaunchError::NoProgram(program));
        }
        let wanted = self.wanted()?;
        let mint_step = self.ensure_mint().await?;
        self.require_tokens(&wanted).await?;
        let mut allocations = Vec::new();
        for (part, new) in &wanted {
            let step = self.ensure_allocation(part, new).await?;
            allocations.push(AllocationReport::new(part, new, step));
        }
        Ok(Report {
            mint: self.mint()?,
            funder: self.funder.address(),
            decimals: DECIMALS,
            supply: SUPPLY,
            start: self.plan.start,
            step: mint_step,
            allocations,
        })
    }

    /// The allocations as the chain will know them.
    fn wanted(&self) -> Result<Vec<(&Allocation, NewVesting)>, LaunchError> {
        let mint = self.mint()?;
        let new = |(part, beneficiary): (_, _)| -> (_, NewVesting) {
            let part: &Allocation = part;
            let new = NewVesting {
                mint,
                funder: self.funder.address(),
                beneficiary,
                id: part.id,
                total: part.amount(),
                start: self.plan.start.timestamp(),
                cliff_seconds: part.cliff_seconds(),
                duration_seconds: part.duration_seconds(),
            };
            (part, new)
        };
        Ok(self.plan.assigned()?.into_iter().map(new).collect())
    }

    /// Creates the mint with the whole supply, and gives up the right to make more, unless it is there.
    ///
    /// # Errors
    /// [`LaunchError::WrongMint`] if something else is in its place.
    pub async fn ensure_mint(&self) -> Result<Step, LaunchError> {
        let at = self.mint()?;
        let wrong = |reason: &str| LaunchError::WrongMint {
            mint: at,
            reason: reason.to_owned(),
        };
        let found = self.chain.mint(at).await.map_err(|error| match error {
            ChainError::Account { reason, .. } => wrong(&reason),
            error => error.into(),
        })?;
        if let Some(mint) = found {
            if mint.mint_authority.is_some() {
                return Err(wrong("somebody can make more of it"));
            }
            if mint.freeze_authority.is_some() {
                return Err(wrong("somebody can freeze it"));
            }
            // burns have made it less, if anything
            if u32::from(mint.decimals) != DECIMALS || mint.supply > SUPPLY {
                return Err(wrong("its supply or its decimals are others"));
            }
            return Ok(Step::Found);
        }
        // lamports that a stranger sent there are enough to take the place
        if self.chain.lamports(at).await? > 0 {
            return Err(wrong("it holds lamports, but is no mint"));
        }
        let rent = self.chain.rent(MINT_LEN).await?;
        let funder = self.funder.address();
        let instructions = create_seeded_mint(funder, &self.seed, SUPPLY, rent)?;
        let signature = self.chain.execute(&instructions, &self.funder, &[]).await?;
        Ok(Step::Done { signature })
    }

    /// Refuses where the wallet cannot pay for the allocations that are missing: then the plan has changed, and
    /// going on would allocate something twice.
    async fn require_tokens(
        &self,
        wanted: &[(&Allocation, NewVesting)],
    ) -> Result<(), LaunchError> {
        let mut missing = Amount::ZERO;
        for (_, new) in wanted {
            if self.chain.vesting(new.address()).await?.is_none() {
                missing = missing.checked_add(new.total).unwrap_or(SUPPLY);
            }
        }
        let mint = self.mint()?;
        let held = self
            .chain
            .token_balance(self.funder.address(), mint)
            .await?;
        if held < missing {
            return Err(LaunchError::Short { missing, held });
        }
        Ok(())
    }

    /// Creates an allocation, unless it is there.
    async fn ensure_allocation(
        &self,
        part: &Allocation,
        new: &NewVesting,
    ) -> Result<Step, LaunchError> {
        let at = new.address();
        if let Some(found) = self.chain.vesting(at).await? {
            if same_terms(&found, new) {
                return Ok(Step::Found);
            }
            return Err(LaunchError::OtherTerms {
                key: part.key.clone(),
                vesting: at,
            });
        }
        let signature = self
            .chain
            .execute(&[create(new)], &self.funder, &[])
            .await?;
        Ok(Step::Done { signature })
    }
}

/// Who may claim today is the beneficiary's own business.
fn same_terms(found: &VestingAccount, new: &NewVesting) -> bool {
    found.total == new.total
        && found.start == new.start
        && found.cliff_seconds == new.cliff_seconds
        && found.duration_seconds == new.duration_seconds
}

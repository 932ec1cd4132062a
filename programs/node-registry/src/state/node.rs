use anchor_lang::prelude::*;

use crate::{
    RegistryError,
    math::{SlashSplit, record_failure, required_stake},
    state::{JobLock, Params, VERSION},
};

/// A server node, at PDA ["node", owner]. Never closed: its history outlives its stake, and a banned
/// owner cannot begin anew. All but the names have fixed offsets.
#[account]
#[derive(InitSpace, Debug)]
pub struct Node {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Whether the node may never take a job again.
    pub banned: bool,
    /// The wallet that registered the node and is paid for its jobs.
    pub owner: Pubkey,
    /// The token account with the stake, PDA ["stake", node].
    pub stake_vault: Pubkey,
    /// Base units staked, those locked and those requested back included.
    pub stake: u64,
    /// Sum of the job locks.
    pub locked: u64,
    /// Base units requested back; they secure no new job and earn no reward.
    pub unstake_amount: u64,
    /// Base units of reward accrued and not claimed.
    pub reward_accrued: u64,
    /// Number of job locks.
    pub active_jobs: u32,
    /// Unix time before which nothing is withdrawn.
    pub locked_until: i64,
    /// Unix time from which the requested units may be withdrawn.
    pub unstake_at: i64,
    /// Unix time before which the node takes no job.
    pub suspended_until: i64,
    /// Unix times of the last failures, oldest first, 0 for none.
    pub failures: [i64; 3],
    /// Unix time of registration.
    pub registered_at: i64,
    /// Unix time of the first deposit into an empty stake, 0 for none.
    pub staked_since: i64,
    /// Unix time up to which the reward is accrued.
    pub reward_accrued_at: i64,
    /// Unix time of the last slash, 0 for none.
    pub last_slash_at: i64,
    /// Unix time of the last heartbeat on the chain, 0 for none.
    pub last_heartbeat_at: i64,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// SHA-256 of the node's TLS certificate, until `rotates_at` if another is announced.
    pub tls_fingerprint: [u8; 32],
    /// SHA-256 of the announced TLS certificate, zero for none.
    pub next_tls_fingerprint: [u8; 32],
    /// Unix time from which only the announced certificate counts, 0 for none.
    pub rotates_at: i64,
    /// Device memory in MiB.
    pub vram_mib: u32,
    /// Main memory in MiB.
    pub ram_mib: u32,
    /// Measured speed in thousandths of the reference machine's.
    pub rate_milli: u32,
    /// For later versions.
    pub reserved: [u8; 128],
    /// `host:port` or URL that engines connect to.
    #[max_len(128)]
    pub endpoint: String,
    /// Region name.
    #[max_len(16)]
    pub region: String,
    /// Device name.
    #[max_len(64)]
    pub gpu_model: String,
}

impl Node {
    /// Seed before the owner's key.
    pub const SEED: &'static [u8] = b"node";
    /// Seed of the stake vault before this account's address.
    pub const STAKE_SEED: &'static [u8] = b"stake";
    /// Longest endpoint in bytes.
    pub const ENDPOINT_LEN: usize = 128;
    /// Longest region in bytes.
    pub const REGION_LEN: usize = 16;
    /// Longest device name in bytes.
    pub const GPU_MODEL_LEN: usize = 64;
    /// Seconds between two heartbeats on the chain, at least.
    pub const HEARTBEAT_SECONDS: i64 = 3_600;

    /// A node without stake and, so far, without a description.
    pub fn new(owner: Pubkey, bump: u8, stake_vault: Pubkey, now: i64) -> Self {
        Self {
            version: VERSION,
            bump,
            banned: false,
            owner,
            stake_vault,
            stake: 0,
            locked: 0,
            unstake_amount: 0,
            reward_accrued: 0,
            active_jobs: 0,
            locked_until: 0,
            unstake_at: 0,
            suspended_until: 0,
            failures: [0; 3],
            registered_at: now,
            staked_since: 0,
            reward_accrued_at: now,
            last_slash_at: 0,
            last_heartbeat_at: 0,
            seq: 1,
            tls_fingerprint: [0; 32],
            next_tls_fingerprint: [0; 32],
            rotates_at: 0,
            vram_mib: 0,
            ram_mib: 0,
            rate_milli: 0,
            reserved: [0; 128],
            endpoint: String::new(),
            region: String::new(),
            gpu_model: String::new(),
        }
    }

    /// The owner of a node account, read without the rest. Fails where there is no node.
    pub fn owner_of(account: &AccountInfo) -> Result<Pubkey> {
        // discriminator, version, bump, banned, owner
        const OWNER: core::ops::Range<usize> = 11..43;
        require_keys_eq!(
            *account.owner,
            crate::ID,
            ErrorCode::AccountOwnedByWrongProgram
        );
        let data = account.try_borrow_data()?;
        let is_node = data.starts_with(Self::DISCRIMINATOR);
        require!(is_node, ErrorCode::AccountDiscriminatorMismatch);
        let owner = data.get(OWNER).and_then(|bytes| bytes.try_into().ok());
        Ok(Pubkey::new_from_array(
            owner.ok_or(ErrorCode::AccountDidNotDeserialize)?,
        ))
    }

    /// Stake neither locked by a job nor requested back.
    pub fn free_stake(&self) -> u64 {
        self.stake
            .saturating_sub(self.locked)
            .saturating_sub(self.unstake_amount)
    }

    /// Adds a deposit, which stays for the minimum lock.
    pub fn deposit(&mut self, amount: u64, now: i64, params: &Params) -> Result<()> {
        require!(amount > 0, RegistryError::ZeroAmount);
        self.accrue(now, params);
        if self.stake == 0 {
            self.staked_since = now;
        }
        self.stake = add(self.stake, amount)?;
        self.hold_until(now, params.min_lock_seconds)
    }

    /// Takes `amount` out of the free stake and starts the cool-down, anew for earlier requests too.
    pub fn request_unstake(&mut self, amount: u64, now: i64, params: &Params) -> Result<()> {
        require!(amount > 0, RegistryError::ZeroAmount);
        require!(
            amount <= self.free_stake(),
            RegistryError::InsufficientStake
        );
        self.accrue(now, params);
        self.unstake_amount = add(self.unstake_amount, amount)?;
        self.unstake_at = later(now, params.cooldown_seconds)?;
        Ok(())
    }

    /// Ends a request whose time has come; the base units to pay out.
    pub fn withdraw(&mut self, now: i64, params: &Params) -> Result<u64> {
        require!(self.unstake_amount > 0, RegistryError::NothingRequested);
        let due = now >= self.unstake_at && now >= self.locked_until;
        require!(due, RegistryError::StillLocked);
        self.accrue(now, params);
        let amount = self.unstake_amount;
        self.stake = subtract(self.stake, amount)?;
        self.unstake_amount = 0;
        Ok(amount)
    }

    /// Locks what a job of `job_amount` requires; the base units locked.
    pub fn lock(&mut self, job_amount: u64, now: i64, params: &Params) -> Result<u64> {
        require!(!self.banned, RegistryError::Banned);
        require!(now >= self.suspended_until, RegistryError::Suspended);
        let amount = required_stake(job_amount);
        require!(
            amount <= self.free_stake(),
            RegistryError::InsufficientStake
        );
        self.locked = add(self.locked, amount)?;
        self.active_jobs = self
            .active_jobs
            .checked_add(1)
            .ok_or(RegistryError::MathOverflow)?;
        self.hold_until(now, params.lock_per_job_seconds)?;
        Ok(amount)
    }

    /// Ends a job's lock.
    pub fn unlock(&mut self, lock: &JobLock) -> Result<()> {
        self.locked = subtract(self.locked, lock.amount)?;
        self.active_jobs = self
            .active_jobs
            .checked_sub(1)
            .ok_or(RegistryError::InvariantViolated)?;
        Ok(())
    }

    /// Notes a failure; true when it is the third within the window, which also suspends.
    pub fn fail(&mut self, now: i64, params: &Params) -> Result<bool> {
        let third = record_failure(&mut self.failures, now, params.failure_window_seconds);
        if third {
            self.suspended_until = later(now, params.suspension_seconds)?;
        }
        Ok(third)
    }

    /// Cuts `bps` of the stake at assignment; call after `unlock`. What other jobs have locked is
    /// theirs and stays; a pending request shrinks if it must; the reward accrued is forfeited.
    pub fn slash(
        &mut self,
        lock: &JobLock,
        bps: u16,
        now: i64,
        params: &Params,
    ) -> Result<SlashSplit> {
        let slashable = subtract(self.stake, self.locked)?;
        let split = SlashSplit::new(lock.stake_at_assignment, bps, slashable, params.burn_bps);
        self.cut(split, now)
    }

    /// Cuts the stake for a lost dispute, half of it for the user, and bans the node; call after
    /// `unlock`, otherwise as [`Node::slash`].
    pub fn slash_dispute(
        &mut self,
        lock: &JobLock,
        now: i64,
        params: &Params,
    ) -> Result<SlashSplit> {
        let slashable = subtract(self.stake, self.locked)?;
        let bps = params.slash_dispute_bps;
        let split = SlashSplit::dispute(lock.stake_at_assignment, bps, slashable, params.burn_bps);
        self.banned = true;
        self.cut(split, now)
    }

    /// Notes a sign of life, at most one an hour.
    pub fn heartbeat(&mut self, now: i64) -> Result<()> {
        let due = later(self.last_heartbeat_at, Self::HEARTBEAT_SECONDS)?;
        require!(
            self.last_heartbeat_at == 0 || now >= due,
            RegistryError::HeartbeatTooEarly
        );
        self.last_heartbeat_at = now;
        Ok(())
    }

    /// What must hold after every change of the books: locks and requests fit into the stake.
    pub fn books_balance(&self) -> Result<()> {
        let fits = add(self.locked, self.unstake_amount)? <= self.stake;
        require!(fits, RegistryError::InvariantViolated);
        Ok(())
    }

    /// What must hold after every movement of stake: the books balance, and the vault covers the
    /// stake (strangers may send more).
    pub fn invariant(&self, vault_balance: u64) -> Result<()> {
        require!(
            vault_balance >= self.stake,
            RegistryError::InvariantViolated
        );
        self.books_balance()
    }

    fn cut(&mut self, split: Option<SlashSplit>, now: i64) -> Result<SlashSplit> {
        let split = split.ok_or(RegistryError::MathOverflow)?;
        let total = split.total().ok_or(RegistryError::MathOverflow)?;
        self.stake = subtract(self.stake, total)?;
        self.unstake_amount = self.unstake_amount.min(subtract(self.stake, self.locked)?);
        self.last_slash_at = now;
        self.forfeit_reward(now);
        Ok(split)
    }

    fn hold_until(&mut self, now: i64, seconds: i64) -> Result<()> {
        self.locked_until = self.locked_until.max(later(now, seconds)?);
        Ok(())
    }
}

fn add(a: u64, b: u64) -> Result<u64> {
    Ok(a.checked_add(b).ok_or(RegistryError::MathOverflow)?)
}

fn subtract(a: u64, b: u64) -> Result<u64> {
    Ok(a.checked_sub(b).ok_or(RegistryError::InvariantViolated)?)
}

/// `now + seconds`.
pub(super) fn later(now: i64, seconds: i64) -> Result<i64> {
    Ok(now
        .checked_add(seconds)
        .ok_or(RegistryError::MathOverflow)?)
}

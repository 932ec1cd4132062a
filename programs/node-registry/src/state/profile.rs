use anchor_lang::prelude::*;

use crate::{
    RegistryError,
    state::{Node, Params, later},
};

/// What an owner says about a node when registering or updating it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct NodeProfile {
    /// `host:port` or URL that engines connect to, at most 128 bytes.
    pub endpoint: String,
    /// SHA-256 of the node's TLS certificate; engines pin it.
    pub tls_fingerprint: [u8; 32],
    /// Region name, at most 16 bytes, may be empty.
    pub region: String,
    /// Device name, at most 64 bytes, may be empty.
    pub gpu_model: String,
    /// Device memory in MiB, 0 without a device.
    pub vram_mib: u32,
    /// Main memory in MiB.
    pub ram_mib: u32,
    /// Measured speed in thousandths of the reference machine's.
    pub rate_milli: u32,
}

impl NodeProfile {
    fn validate(&self) -> Result<()> {
        let named = !self.endpoint.is_empty() && self.endpoint.len() <= Node::ENDPOINT_LEN;
        let bounded =
            self.region.len() <= Node::REGION_LEN && self.gpu_model.len() <= Node::GPU_MODEL_LEN;
        let measured = self.tls_fingerprint != NONE && self.rate_milli > 0;
        require!(named && bounded && measured, RegistryError::InvalidProfile);
        Ok(())
    }
}

/// The fingerprint of no certificate.
const NONE: [u8; 32] = [0; 32];

impl Node {
    /// Takes over a checked profile. A fingerprint other than the present one is only announced, and
    /// replaces it after the notice; the present one withdraws what was announced.
    pub fn describe(&mut self, profile: NodeProfile, now: i64, params: &Params) -> Result<()> {
        profile.validate()?;
        self.rotate(profile.tls_fingerprint, now, params.rotation_notice_seconds)?;
        self.endpoint = profile.endpoint;
        self.region = profile.region;
        self.gpu_model = profile.gpu_model;
        self.vram_mib = profile.vram_mib;
        self.ram_mib = profile.ram_mib;
        self.rate_milli = profile.rate_milli;
        Ok(())
    }

    /// The fingerprint that counts at `now`.
    pub fn fingerprint_at(&self, now: i64) -> [u8; 32] {
        if self.rotation_pending() && now >= self.rotates_at {
            self.next_tls_fingerprint
        } else {
            self.tls_fingerprint
        }
    }

    /// Whether a certificate with this fingerprint is the node's at `now`: the present one, or one
    /// that is announced, so that the node may change over at any time of the notice.
    pub fn accepts(&self, fingerprint: &[u8; 32], now: i64) -> bool {
        let announced = self.rotation_pending() && *fingerprint == self.next_tls_fingerprint;
        announced || *fingerprint == self.fingerprint_at(now)
    }

    fn rotation_pending(&self) -> bool {
        self.next_tls_fingerprint != NONE
    }

    fn rotate(&mut self, fingerprint: [u8; 32], now: i64, notice: i64) -> Result<()> {
        if self.tls_fingerprint == NONE {
            // a new node has nothing to take back
            self.tls_fingerprint = fingerprint;
        }
        self.complete_rotation(now);
        if fingerprint == self.tls_fingerprint {
            self.next_tls_fingerprint = NONE;
            self.rotates_at = 0;
        } else if fingerprint != self.next_tls_fingerprint {
            self.next_tls_fingerprint = fingerprint;
            self.rotates_at = later(now, notice)?;
        }
        self.complete_rotation(now);
        Ok(())
    }

    fn complete_rotation(&mut self, now: i64) {
        if self.rotation_pending() && now >= self.rotates_at {
            self.tls_fingerprint = self.next_tls_fingerprint;
            self.next_tls_fingerprint = NONE;
            self.rotates_at = 0;
        }
    }
}

//! What a job costs: (device + VRAM + RAM rate) x hours x duration discount x
//! priority x tier, in integers, rounded up to the base unit.

use serde::{Deserialize, Serialize};

use crate::{
    amount::{Amount, UNITS_PER_TOKEN},
    job::{Priority, Tier},
};

/// One in basis points.
const ONE: u128 = 10_000;

/// Rates of one hour, in base units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PriceTable {
    /// Device classes: the first whose `name` is part of the node's device
    /// name (ignoring case) applies.
    pub devices: Vec<DeviceRate>,
    /// Rate of a device that no class names.
    pub other_device: Amount,
    /// Per GiB of VRAM.
    pub vram_gib: Amount,
    /// Per GiB of RAM.
    pub ram_gib: Amount,
    /// Least amount of any job, so that fees and splits never vanish in rounding.
    pub minimum: Amount,
}

/// Hourly rate of a class of devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRate {
    /// Part of the device name, like `RTX 3070`.
    pub name: String,
    /// Per hour.
    pub hourly: Amount,
}

impl Default for PriceTable {
    fn default() -> Self {
        let rate = |name: &str, tenths: u64| DeviceRate {
            name: name.to_owned(),
            hourly: Amount(tenths * UNITS_PER_TOKEN / 10),
        };
        Self {
            devices: vec![
                rate("H200", 360),
                rate("H100", 300),
                rate("A100", 200),
                rate("RTX 4090", 100),
                rate("RTX 3090", 70),
                rate("RTX 3070", 40),
                rate("CPU", 10),
            ],
            other_device: Amount::tokens(3),
            vram_gib: Amount(UNITS_PER_TOKEN / 5),
            ram_gib: Amount(UNITS_PER_TOKEN / 20),
            minimum: Amount::tokens(1),
        }
    }
}

/// What is priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRequest<'a> {
    /// Name of the device.
    pub device: &'a str,
    /// VRAM held for the job, MiB.
    pub vram_mib: u32,
    /// RAM held for the job, MiB.
    pub ram_mib: u32,
    /// Seconds of work.
    pub seconds: u32,
    /// How urgent.
    pub priority: Priority,
    /// Reputation tier of the node.
    pub tier: Tier,
}

/// A price with the factors it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// What the user escrows.
    pub amount: Amount,
    /// Label and value of each factor, for people.
    pub lines: Vec<(&'static str, String)>,
}

impl PriceTable {
    /// Prices `request`. `None` if the amount does not fit in 64 bits.
    pub fn price(&self, request: &PriceRequest<'_>) -> Option<Price> {
        let device = self.device(request.device);
        let gib_share = |rate: Amount, mib: u32| u128::from(rate.0) * u128::from(mib) / 1024;
        let vram = gib_share(self.vram_gib, request.vram_mib);
        let ram = gib_share(self.ram_gib, request.ram_mib);
        let hourly = u128::from(device.0) + vram + ram;

        let duration = duration_factor(request.seconds);
        let priority = priority_factor(request.priority);
        let tier = tier_factor(request.tier);
        let scaled = hourly
            .checked_mul(u128::from(request.seconds))?
            .checked_mul(duration * priority * tier)?;
        let exact = scaled.div_ceil(3600 * ONE * ONE * ONE);
        let amount = Amount(u64::try_from(exact).ok()?.max(self.minimum.0));

        let hour = |units: u128| u64::try_from(units).map(|u| format!("{} CYXWIZ/h", Amount(u)));
        let factor = |bps: u128| format!("x {}.{:02}", bps / ONE, bps % ONE / 100);
        Some(Price {
            amount,
            lines: vec![
                ("device", format!("{device} CYXWIZ/h")),
                ("VRAM", hour(vram).ok()?),
                ("RAM", hour(ram).ok()?),
                ("duration", format!("{} s", request.seconds)),
                ("duration discount", factor(duration)),
                ("priority", factor(priority)),
                ("node tier", factor(tier)),
                ("minimum", format!("{} CYXWIZ", self.minimum)),
            ],
        })
    }

    fn device(&self, name: &str) -> Amount {
        let name = name.to_lowercase();
        self.devices
            .iter()
            .find(|class| name.contains(&class.name.to_lowercase()))
            .map_or(self.other_device, |class| class.hourly)
    }
}

/// Long jobs cost less an hour: 5 % from 12 h, 10 % from 24 h, 15 % from a week.
fn duration_factor(seconds: u32) -> u128 {
    match seconds / 3600 {
        0..12 => 10_000,
        12..24 => 9_500,
        24..168 => 9_000,
        _ => 8_500,
    }
}

fn priority_factor(priority: Priority) -> u128 {
    match priority {
        Priority::Low => 8_000,
        Priority::Normal => 10_000,
        Priority::High => 15_000,
    }
}

fn tier_factor(tier: Tier) -> u128 {
    match tier {
        Tier::Bronze => 8_000,
        Tier::Silver => 9_000,
        Tier::Gold => 10_000,
        Tier::Diamond => 12_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> PriceRequest<'static> {
        PriceRequest {
            device: "NVIDIA GeForce RTX 3070",
            vram_mib: 8 * 1024,
            ram_mib: 16 * 1024,
            seconds: 12 * 3600,
            priority: Priority::Normal,
            tier: Tier::Gold,
        }
    }

    #[test]
    fn the_worked_example_costs_72_96() {
        let price = PriceTable::default().price(&request()).expect("fits");
        assert_eq!(price.amount, Amount(72_960_000_000));
    }

    #[test]
    fn a_short_job_costs_the_minimum() {
        let price = PriceTable::default()
            .price(&PriceRequest {
                seconds: 1,
                ..request()
            })
            .expect("fits");
        assert_eq!(price.amount, Amount::tokens(1));
    }

    #[test]
    fn the_price_never_falls_with_the_tier() {
        let table = PriceTable::default();
        let amounts = [Tier::Bronze, Tier::Silver, Tier::Gold, Tier::Diamond].map(|tier| {
            table
                .price(&PriceRequest { tier, ..request() })
                .expect("fits")
                .amount
        });
        assert!(amounts.is_sorted());
    }

    #[test]
    fn an_absurd_rate_is_refused_not_wrapped() {
        let table = PriceTable {
            other_device: Amount(u64::MAX),
            devices: vec![],
            ..PriceTable::default()
        };
        assert_eq!(
            table.price(&PriceRequest {
                seconds: u32::MAX,
                ..request()
            }),
            None
        );
    }
}

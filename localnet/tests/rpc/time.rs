//! Slots, the clock and the slot hashes as programs see them, and moving time.

use std::time::Duration;

use cyxwiz_localnet::{ChainConfig, Config};
use serde_json::{Value, json};
use solana_clock::Clock;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::client_error::Error;
use solana_rpc_client_api::request::RpcRequest;
use solana_sdk_ids::sysvar;

use crate::harness::{self, eventually};

const ADVANCE_SLOTS: RpcRequest = RpcRequest::Custom {
    method: "cyxwiz_advanceSlots",
};

async fn advance_slots(rpc: &RpcClient, slots: u32) -> Result<Value, Error> {
    rpc.send(ADVANCE_SLOTS, json!([slots])).await
}

async fn clock(rpc: &RpcClient) -> Clock {
    bincode::deserialize(&rpc.get_account_data(&sysvar::clock::ID).await.unwrap()).unwrap()
}

/// What programs see of earlier slots, newest first.
async fn slot_hashes(rpc: &RpcClient) -> Vec<(u64, [u8; 32])> {
    let data = rpc
        .get_account_data(&sysvar::slot_hashes::ID)
        .await
        .unwrap();
    assert_eq!(data.len(), 20_488);
    bincode::deserialize(&data).unwrap()
}

fn wall_clock() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_advance_with_time_hashes_and_blockhashes() {
    let net = harness::start().await;
    let start = net.rpc.get_slot().await.unwrap();
    let blockhash = net.rpc.get_latest_blockhash().await.unwrap();
    eventually(|| async { (net.rpc.get_slot().await.unwrap() > start + 3).then_some(()) }).await;
    assert_ne!(net.rpc.get_latest_blockhash().await.unwrap(), blockhash);
    let clock = clock(&net.rpc).await;
    assert!(clock.slot > start);
    assert!(
        (clock.unix_timestamp - wall_clock()).abs() <= 30,
        "{clock:?}"
    );

    let hashes = slot_hashes(&net.rpc).await;
    assert!(hashes.len() > 3 && hashes[0].0 >= start);
    assert!(
        hashes
            .windows(2)
            .all(|pair| pair[0].0 > pair[1].0 && pair[0].1 != pair[1].1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_moves_only_where_it_was_allowed() {
    let advance = RpcRequest::Custom {
        method: "cyxwiz_advanceTime",
    };
    let set = RpcRequest::Custom {
        method: "cyxwiz_setTime",
    };
    let slot_time = Duration::from_secs(3600);
    let net = harness::start_with(Config {
        slot_time,
        allow_time_travel: true,
        ..Config::default()
    })
    .await;

    let before = clock(&net.rpc).await;
    let answer: Value = net.rpc.send(advance, json!([86_400])).await.unwrap();
    let after = clock(&net.rpc).await;
    assert!(after.unix_timestamp >= before.unix_timestamp + 86_400);
    assert_eq!(
        answer,
        json!({ "slot": after.slot, "unixTimestamp": after.unix_timestamp })
    );
    let target = after.unix_timestamp + 1_000_000;
    net.rpc.send::<Value>(set, json!([target])).await.unwrap();
    assert!((target..target + 30).contains(&clock(&net.rpc).await.unix_timestamp));
    let back = net
        .rpc
        .send::<Value>(set, json!([before.unix_timestamp]))
        .await
        .unwrap_err();
    assert!(back.to_string().contains("time cannot go back"), "{back}");

    let plain = harness::start_with(Config {
        slot_time,
        ..Config::default()
    })
    .await;
    for method in [advance, set, ADVANCE_SLOTS] {
        let refused = plain
            .rpc
            .send::<Value>(method, json!([1]))
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("--allow-time-travel"),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slot_hashes_stay_for_512_slots_and_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = || Config {
        // No slot begins but those asked for.
        slot_time: Duration::from_secs(3600),
        allow_time_travel: true,
        chain: ChainConfig {
            ledger: Some(directory.path().to_path_buf()),
            ..Config::default().chain
        },
        ..Config::default()
    };
    let mut net = harness::start_with(config()).await;
    let before = clock(&net.rpc).await;
    let answer = advance_slots(&net.rpc, 32).await.unwrap();
    let after = clock(&net.rpc).await;
    assert_eq!(
        answer,
        json!({ "slot": after.slot, "unixTimestamp": after.unix_timestamp })
    );
    assert_eq!(after.slot, before.slot + 32);
    assert!(after.unix_timestamp - before.unix_timestamp < 30);
    // The newest is the slot before the current one.
    let early = slot_hashes(&net.rpc).await;
    let slots: Vec<u64> = early.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, (0..after.slot).rev().collect::<Vec<_>>());
    net.localnet.take().unwrap().shutdown().await.unwrap();

    // It goes on with the slot after, and what was there is there still.
    let net = harness::start_with(config()).await;
    let restarted = slot_hashes(&net.rpc).await;
    assert!(restarted.len() > early.len());
    assert!(restarted.ends_with(&early));

    advance_slots(&net.rpc, 511).await.unwrap();
    let full = slot_hashes(&net.rpc).await;
    let slot = net.rpc.get_slot().await.unwrap();
    let slots: Vec<u64> = full.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, (slot - 512..slot).rev().collect::<Vec<_>>());
    // From the 513th slot on, a hash is gone for good.
    let oldest = full[511];
    assert!(restarted.contains(&oldest));
    advance_slots(&net.rpc, 1).await.unwrap();
    let next = slot_hashes(&net.rpc).await;
    assert_eq!(next[1..], full[..511]);

    let refused = advance_slots(&net.rpc, 10_001).await.unwrap_err();
    assert!(refused.to_string().contains("max 10000"), "{refused}");
}

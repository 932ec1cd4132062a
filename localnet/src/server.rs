//! Serves a chain: two ports, and a slot that begins every few hundred milliseconds.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::{Server, ServerConfig, ServerHandle};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::chain::{Chain, ChainConfig, ChainError};
use crate::rpc::subscriptions::{self, SequentialIds};
use crate::rpc::{self, Context, SharedChain};

/// Largest answer (bytes): all accounts of a program may be large.
const MAX_ANSWER: u32 = 256 << 20;
/// Clients connected at a time, per port.
const MAX_CONNECTIONS: u32 = 4_096;
/// Subscriptions of one client.
const MAX_SUBSCRIPTIONS: u32 = 10_000;
/// How often a pair of neighbouring ports is looked for when any will do.
const PORT_ATTEMPTS: usize = 100;

/// How to serve a chain.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub bind_address: IpAddr,
    /// Port of the RPC; the websocket has the next one. 0 finds a free pair.
    pub rpc_port: u16,
    /// Time between slots; not zero.
    pub slot_time: Duration,
    /// Whether the non-standard methods that move time are on.
    pub allow_time_travel: bool,
    /// The chain itself.
    pub chain: ChainConfig,
}

impl Default for Config {
    /// In memory, on the loopback, on any two ports, a slot every 400 ms, five hundred million SOL in the faucet.
    fn default() -> Self {
        Self {
            bind_address: IpAddr::from([127, 0, 0, 1]),
            rpc_port: 0,
            slot_time: Duration::from_millis(400),
            allow_time_travel: false,
            chain: ChainConfig {
                ledger: None,
                reset: false,
                programs: Vec::new(),
                faucet_lamports: 500_000_000_000_000_000,
            },
        }
    }
}

/// Why a chain cannot be served.
#[derive(Debug, Error)]
pub enum StartError {
    /// The chain does not start.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A port is taken.
    #[error(
        "cannot listen on {address}: {source}: choose another --rpc-port (the websocket needs the port after it)"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server does not start.
    #[error("cannot start the server: {0}")]
    Serve(#[from] io::Error),
    /// Two methods with one name: a mistake in this program.
    #[error("cannot register the methods: {0}")]
    Methods(#[from] RegisterMethodError),
}

/// A chain being served. Dropping it stops it as well, without waiting.
pub struct Localnet {
    /// Where JSON-RPC is answered, over HTTP.
    pub rpc_url: String,
    /// Where subscriptions are taken, over websocket.
    pub ws_url: String,
    chain: SharedChain,
    servers: [ServerHandle; 2],
    slots: JoinHandle<()>,
}

impl Localnet {
    /// Starts the chain and serves it.
    ///
    /// # Errors
    /// When the ledger, a program or a port cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let (rpc, ws) = listen(config.bind_address, config.rpc_port)?;
        let chain_config = config.chain.clone();
        let chain = tokio::task::spawn_blocking(move || Chain::open(&chain_config))
            .await
            .map_err(io::Error::other)??;
        let chain = SharedChain::new(chain);
        let context = Arc::new(Context {
            chain: chain.clone(),
            allow_time_travel: config.allow_time_travel,
        });

        let rpc_url = format!("http://{}", rpc.local_addr()?);
        let ws_url = format!("ws://{}", ws.local_addr()?);
        let methods = rpc::methods(&context)?;
        let mut with_subscriptions = rpc::methods(&context)?;
        subscriptions::register(&mut with_subscriptions)?;
        let limits = || {
            ServerConfig::builder()
                .max_response_body_size(MAX_ANSWER)
                .max_connections(MAX_CONNECTIONS)
                .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS)
                .set_id_provider(SequentialIds::default())
                .set_tcp_no_delay(true)
        };
        let build = |config: ServerConfig, listener| {
            Server::builder()
                .set_config(config)
                .build_from_tcp(listener)
        };
        let rpc_server = build(limits().http_only().build(), rpc)?;
        let ws_server = build(limits().ws_only().build(), ws)?;
        let servers = [
            rpc_server.start(methods),
            ws_server.start(with_subscriptions),
        ];
        let slots = tokio::spawn(begin_slots(chain.clone(), config.slot_time));
        Ok(Self {
            rpc_url,
            ws_url,
            chain,
            servers,
            slots,
        })
    }

    /// The account that pays airdrops.
    pub fn faucet(&self) -> Pubkey {
        self.chain.read().faucet().pubkey()
    }

    /// Stops serving, waits for what is being answered, and closes the ledger, which may be opened again at once.
    ///
    /// # Errors
    /// When the ledger cannot be synced.
    pub async fn shutdown(self) -> Result<(), ChainError> {
        for server in &self.servers {
            // An error means that it stopped already.
            let _ = server.stop();
        }
        for server in self.servers.clone() {
            server.stopped().await;
        }
        self.slots.abort();
        self.chain.write().close()?;
        Ok(())
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        for server in &self.servers {
            let _ = server.stop();
        }
        self.slots.abort();
    }
}

async fn begin_slots(chain: SharedChain, slot_time: Duration) {
    let slot_time = slot_time.max(Duration::from_millis(1));
    // The chain was opened with a slot of its own, which lasts as long as the others.
    let mut interval = interval_at(Instant::now() + slot_time, slot_time);
    // After a stall, time goes on from where it is: slots are not caught up with in a burst, which would expire blockhashes early.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let chain = chain.clone();
        if tokio::task::spawn_blocking(move || chain.write().begin_slot())
            .await
            .is_err()
        {
            tracing::error!("a slot could not begin");
        }
    }
}

/// Binds the port and the one after it.
fn listen(host: IpAddr, port: u16) -> Result<(TcpListener, TcpListener), StartError> {
    let bind = |port| {
        let address = SocketAddr::new(host, port);
        let listener =
            TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
        listener.set_nonblocking(true)?;
        Ok::<_, StartError>(listener)
    };
    let pair = |port| {
        let rpc = bind(port)?;
        let chosen = rpc.local_addr()?.port();
        let next = chosen.checked_add(1).ok_or_else(|| StartError::Listen {
            address: SocketAddr::new(host, chosen),
            source: io::Error::other("there is no port after it for the websocket"),
        })?;
        Ok((rpc, bind(next)?))
    };
    if port != 0 {
        return pair(port);
    }
    (1..PORT_ATTEMPTS)
        .find_map(|_| pair(0).ok())
        .map_or_else(|| pair(0), Ok)
}

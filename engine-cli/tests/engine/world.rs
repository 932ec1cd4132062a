//! A chain in this process with the programs, the mint and funded wallets, and
//! an engine to drive.

use std::path::{Path, PathBuf};

use cyxwiz::{
    dev::{Layout, genesis},
    engine::Engine,
    flow::{JobRun, RunOptions, input::Input},
    printer::Printer,
    settings::Settings,
};
use cyxwiz_chain::{
    Chain, EscrowAccount, Signer,
    instructions::registry::{Profile, register, stake},
    instructions::{reputation, token},
    pda, programs,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId};
use cyxwiz_localnet::{ChainConfig, Config, Localnet, Program};
use cyxwiz_pki::Wallet;
use solana_pubkey::Pubkey;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Epochs of the job of these tests.
pub const EPOCHS: u32 = 4;
/// Epochs from one checkpoint that the engine fetches to the next.
pub const CHECKPOINT_EVERY: u32 = 2;

const JOB: &str = r#"
[job]
name = "two numbers"
epochs = 4
checkpoint_every = 2

[dataset]
path = "rows.csv"
format = "csv"
shape = [2]

[model]
layers = [{ type = "linear", out = 2 }]

[training]
loss = "cross_entropy"
batch = 2

[optimizer]
type = "sgd"
lr = 0.1
"#;

const EXACT_JOB: &str = r#"
[job]
name = "sixteen bits"
epochs = 4
checkpoint_every = 2

[dataset]
path = "rows.csv"
format = "csv"
shape = [16]

[model]
layers = [{ type = "linear", out = 4, bias = false }]

[training]
loss = "hard_sigmoid"
batch = 8

[optimizer]
type = "int_sgd"
rate = 6

[verification]
tier = "zk-exact"
circuit = "z16x4-ci"
"#;

/// Everything but coordinator and node.
pub struct World {
    pub dir: TempDir,
    pub chain: Chain,
    pub mint: Address,
    pub wallets: genesis::Wallets,
    _localnet: Localnet,
}

impl World {
    /// A fresh one.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let layout = Layout::new(&dir.path().join("stack")).expect("layout");
        layout.create().expect("directories");
        let wallets = genesis::Wallets::prepare(&layout, 1).expect("wallets");
        let admin = Pubkey::new_from_array(wallets.admin.address().0);
        let images = [
            (programs::job_escrow(), "job_escrow"),
            (programs::node_registry(), "node_registry"),
            (programs::reputation(), "reputation"),
            (programs::training_proof(), "training_proof"),
        ];
        let programs = images.map(|(address, name)| Program {
            address: Pubkey::new_from_array(address.0),
            image: image(name),
            upgrade_authority: Some(admin),
        });
        let defaults = Config::default();
        let localnet = Localnet::start(Config {
            chain: ChainConfig {
                programs: programs.into(),
                ..defaults.chain
            },
            allow_time_travel: true,
            ..defaults
        })
        .await
        .expect("localnet");
        let chain = Chain::new(&localnet.rpc_url);
        let mint = genesis::establish(&chain, &wallets).await.expect("genesis");
        Self {
            dir,
            chain,
            mint,
            wallets,
            _localnet: localnet,
        }
    }

    /// The user's engine, with that coordinator.
    pub fn engine(&self, rpc_url: &str, coordinator: &str) -> Engine {
        self.engine_of("user", rpc_url, coordinator)
    }

    /// The engine of the wallet with this name, with that coordinator.
    pub fn engine_of(&self, wallet: &str, rpc_url: &str, coordinator: &str) -> Engine {
        let settings = Settings {
            rpc_url: rpc_url.to_owned(),
            coordinator: coordinator.to_owned(),
            wallet: self.dir.path().join(format!("stack/wallets/{wallet}.json")),
            data_dir: self.dir.path().join(wallet),
            dev_dir: self.dir.path().join("stack"),
        };
        Engine::open(settings, Printer::new(false, true)).expect("engine")
    }

    /// Where the chain is.
    pub fn rpc_url(&self) -> &str {
        &self._localnet.rpc_url
    }

    /// The job of these tests, read from its file.
    pub fn input(&self) -> Input {
        self.input_of(JOB, "1,2,0\n3,4,1\n5,6,0\n")
    }

    /// The same with the tier `audited`.
    pub fn audited_input(&self) -> Input {
        let job = format!("{JOB}\n[verification]\ntier = \"audited\"\ncircuit = \"t100x16\"\n");
        self.input_of(&job, "1,2,0\n3,4,1\n5,6,0\n")
    }

    /// A job that trains in integers: 40 rows of four classes, each with features of its own.
    pub fn exact_input(&self) -> Input {
        let row = |n: usize| {
            let feature = |i: usize| {
                if i / 4 == n % 4 || i == n % 16 {
                    "1"
                } else {
                    "0"
                }
            };
            let features: Vec<_> = (0..16).map(feature).collect();
            format!("{},{}\n", features.join(","), n % 4)
        };
        let rows: Vec<_> = (0..40).map(row).collect();
        self.input_of(EXACT_JOB, &rows.concat())
    }

    fn input_of(&self, job: &str, rows: &str) -> Input {
        let path = self.dir.path().join("job.toml");
        std::fs::write(&path, job).expect("write");
        std::fs::write(self.dir.path().join("rows.csv"), rows).expect("write");
        Input::read(&path).expect("input")
    }

    /// A run of that job.
    pub fn begin<'a>(&self, engine: &'a Engine) -> JobRun<'a> {
        JobRun::begin(engine, &self.input(), RunOptions::default()).expect("begin")
    }

    /// Registers and stakes the node with this endpoint and certificate.
    pub async fn register_node(&self, endpoint: &str, tls_fingerprint: Digest) {
        let (owner, mint) = (self.node(), self.mint);
        let profile = Profile {
            endpoint: endpoint.to_owned(),
            tls_fingerprint,
            region: "test".into(),
            gpu_model: "CPU".into(),
            vram_mib: 0,
            ram_mib: 1024,
            rate_milli: 1000,
        };
        let instructions = [
            register(owner, mint, &profile),
            stake(owner, mint, Amount::tokens(1_000)),
            reputation::open_node(owner, owner),
        ];
        let signer = signer(&self.wallets.nodes[0]);
        self.chain
            .execute(&instructions, &signer, &[])
            .await
            .expect("register");
    }

    /// Owner of the node.
    pub fn node(&self) -> Address {
        self.wallets.nodes[0].address()
    }

    /// The escrow of the user's job.
    pub async fn escrow(&self, engine: &Engine, job: JobId) -> EscrowAccount {
        engine.funded_escrow(job).await.expect("escrow")
    }

    /// Moves the chain's clock forward.
    pub async fn advance(&self, seconds: u32) {
        travel(self.rpc_url(), "cyxwiz_advanceTime", seconds).await;
    }

    /// Has the owner give all its tokens away and close its token account.
    pub async fn close_token_account(&self, wallet: &Wallet) {
        let (owner, heir) = (wallet.address(), self.wallets.admin.address());
        let held = self.chain.token_balance(owner, self.mint).await;
        let give = token::transfer(owner, heir, self.mint, held.expect("balance"));
        let give = give.expect("transfer");
        // CloseAccount: the account, who gets its rent, its owner.
        let mut close = give.clone();
        let mut receiver = close.accounts[3].clone();
        receiver.is_writable = true;
        close.accounts = vec![
            close.accounts[0].clone(),
            receiver,
            close.accounts[3].clone(),
        ];
        close.data = vec![9];
        let instructions = [token::create_account(owner, heir, self.mint), give, close];
        self.chain
            .execute(&instructions, &signer(wallet), &[])
            .await
            .expect("close");
        let at = pda::token_account(owner, self.mint);
        assert!(!self.chain.exists(at).await.expect("read"));
    }

    /// What the user holds.
    pub async fn balance(&self) -> Amount {
        let user = self.wallets.user.address();
        self.chain
            .token_balance(user, self.mint)
            .await
            .expect("balance")
    }
}

/// The wallet as the chain knows signers.
pub fn signer(wallet: &Wallet) -> Signer {
    Signer::from_keypair_bytes(&wallet.to_keypair_bytes()).expect("signer")
}

fn image(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/deploy/{name}.so"));
    assert!(
        path.exists(),
        "{} is missing: run scripts/build-programs",
        path.display()
    );
    path
}

/// Begins so many slots at once, on the chain at `rpc_url`.
pub async fn advance_slots(rpc_url: &str, slots: u32) {
    travel(rpc_url, "cyxwiz_advanceSlots", slots).await;
}

async fn travel(rpc_url: &str, method: &str, by: u32) {
    let host = rpc_url.strip_prefix("http://").expect("a URL");
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[{by}]}}"#);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answer");
    assert!(answer.contains("unixTimestamp"), "{answer}");
}

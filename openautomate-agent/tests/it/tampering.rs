//! P1: a package that runs is byte for byte the one that was published and signed. Single bits are turned over in
//! everything that decides what is run; the seed is fixed, so that a failure comes again.

mod blobs;
mod chance;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use openautomate_core::domain::RunResult;
use openautomate_core::id::PackageId;
use openautomate_core::package::archive::{Limits, pack};
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::index::PackageIndex;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::{PackageSigner, PublicKey, Signature, Statement};
use openautomate_core::transport::{Assignment, PackageRef};
use serde_json::Map;

use crate::place::Scripted;
use crate::stage::{Damage, Server, Stage, flip};
use chance::{Chance, text};

const FLIPS: usize = 200;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every file below a folder.
fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// What was run: the files of each run's package. Nobody runs anything else.
#[derive(Clone, Debug, Default)]
struct Ran(Arc<(AtomicUsize, Mutex<Files>)>);

impl Ran {
    fn runner(&self) -> Scripted {
        let ran = self.clone();
        Scripted::new(move |job, _| {
            let ran = ran.clone();
            async move {
                *ran.0.1.lock().unwrap() = files(&job.package_dir);
                ran.0.0.fetch_add(1, Ordering::SeqCst);
                RunResult::succeeded(Map::new())
            }
        })
    }

    fn count(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    /// The files of the last run.
    fn files(&self) -> Files {
        self.0.1.lock().unwrap().clone()
    }
}

/// What became of an assignment; whatever was run is what was published, and what was refused says which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Genuine,
    Refused,
}

/// What lies on an agent's disk.
#[derive(Clone, Copy, Debug)]
enum Target {
    File,
    Index,
    Chunk,
}

impl Target {
    const ALL: [Self; 3] = [Self::File, Self::Index, Self::Chunk];
}

/// An agent, its server, and what the package is.
struct Scene {
    stage: Stage,
    server: Server,
    ran: Ran,
    published: Files,
    chunks: Vec<ChunkHash>,
}

impl Scene {
    async fn new() -> Self {
        let long = text(&mut Chance::new(1), 240_000);
        let mut stage = Stage::with(&[("data.txt", long.as_str()), ("notes.md", "# How it is run\n")]);
        let ran = Ran::default();
        stage.start(ran.runner());
        let (server, _) = stage.connected().await;
        let chunks = chunks_of(&stage.transport.version);
        assert!(chunks.len() > 2, "{chunks:?}");
        let mut scene = Self { stage, server, ran, published: Files::new(), chunks };
        let good = scene.assignment();
        scene.server.assign(&good).await;
        assert_eq!(scene.server.finished(good.lease).await.error, None);
        scene.published = scene.ran.files();
        assert_eq!(scene.published.len(), 4, "{:?}", scene.published.keys());
        scene
    }

    fn assignment(&self) -> Assignment {
        self.stage.assignment("python", &[])
    }

    /// Gives the agent an assignment and waits for its end.
    async fn gives(&mut self, assignment: &Assignment, what: &str) -> Came {
        let before = self.ran.count();
        self.server.assign(assignment).await;
        let result = self.server.finished(assignment.lease).await;
        let Some(error) = result.error else {
            assert_eq!(self.ran.count(), before + 1, "{what}");
            assert!(self.ran.files() == self.published, "{what}: another package was run");
            return Came::Genuine;
        };
        assert_eq!(self.ran.count(), before, "{what}: it was run and refused");
        assert!(matches!(error.kind.as_str(), "PackageUntrusted" | "PackageInvalid"), "{what}: {error:?}");
        let named = format!("package {} {}: ", assignment.package.name, assignment.package.version_number);
        assert!(error.message.starts_with(&named), "{what}: {}", error.message);
        Came::Refused
    }

    /// A run that nothing is wrong with.
    async fn runs(&mut self, what: &str) {
        *self.stage.transport.damage.lock().unwrap() = None;
        let good = self.assignment();
        assert_eq!(self.gives(&good, what).await, Came::Genuine, "{what}");
    }

    fn damages(&self, damage: Damage) {
        *self.stage.transport.damage.lock().unwrap() = Some(damage);
    }

    fn packages(&self) -> PathBuf {
        self.stage.data.join("packages")
    }

    /// The folder of the package in the agent's cache.
    fn unpacked(&self) -> PathBuf {
        self.packages().join(&self.stage.transport.version.digest)
    }

    fn cached_index(&self) -> PathBuf {
        self.unpacked().with_extension("index")
    }

    fn cached_chunk(&self, hash: ChunkHash) -> PathBuf {
        let name = hash.to_string();
        self.stage.data.join("chunks").join(&name[..2]).join(&name)
    }

    fn clear_cache(&self) {
        clear_cache(&self.stage.data);
    }
}

/// Has an agent with this folder forget what it fetched.
fn clear_cache(data: &Path) {
    for folder in [data.join("packages"), data.join("chunks")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

fn chunks_of(version: &LoadedVersion) -> Vec<ChunkHash> {
    let index = PackageIndex::decode(&version.index, &version.digest, &Limits::default()).unwrap();
    index.chunks().iter().map(|chunk| chunk.hash).collect()
}

/// Turns a bit of a file over, and if asked for makes it look as old as it was.
fn flip_file(path: &Path, bit: usize, looks_untouched: bool) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let mut content = std::fs::read(path).unwrap();
    flip(&mut content, bit);
    std::fs::write(path, content).unwrap();
    if looks_untouched {
        std::fs::File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
    }
}

/// One bit of what the server says of a package: of its id, version, digest, or the signature and its key.
fn flip_told(package: &mut PackageRef, chance: &mut Chance) -> String {
    let bit = chance.below(1 << 20);
    // Of a text, one that leaves it a text.
    let of_text = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let place = bit % (bytes.len() * 7);
        bytes[place / 7] ^= 1 << (place % 7);
        String::from_utf8(bytes).unwrap()
    };
    let what = ["id", "version", "digest", "signature", "key"][chance.below(5)];
    match what {
        "id" => {
            let mut bytes = *package.id.as_uuid().as_bytes();
            flip(&mut bytes, bit);
            package.id = PackageId::from_uuid(uuid::Uuid::from_bytes(bytes));
        }
        "version" => package.version_number = of_text(&package.version_number),
        "digest" => package.digest = of_text(&package.digest),
        "signature" => {
            let mut bytes = *package.signature.signature.as_bytes();
            flip(&mut bytes, bit);
            package.signature.signature = Signature::from_bytes(bytes);
        }
        _ => {
            let mut bytes = *package.signature.key.as_bytes();
            flip(&mut bytes, bit);
            package.signature.key = PublicKey::from_bytes(bytes);
        }
    }
    format!("bit {bit} of the {what}")
}

#[tokio::test]
async fn not_one_bit_of_what_is_told_may_differ() {
    let mut scene = Scene::new().await;
    let mut chance = Chance::new(2);
    for number in 0..FLIPS {
        let mut bad = scene.assignment();
        let what = format!("{number}: {}", flip_told(&mut bad.package, &mut chance));
        assert_eq!(scene.gives(&bad, &what).await, Came::Refused, "{what}");
    }
    assert_eq!(scene.stage.transport.fetches.load(Ordering::SeqCst), 1, "none of them was even fetched");
    scene.runs("the right one still").await;
}

#[tokio::test]
async fn neither_swapped_nor_downgraded_nor_moved_nor_signed_by_another() {
    let mut scene = Scene::new().await;
    let (good, other) = (scene.assignment(), scene.assignment());
    let signer = &scene.stage.transport.signer;
    let stranger = PackageSigner::generate().unwrap();
    let older = LoadedVersion::of(&archive_of("1.0.0")).unwrap();
    let newer = LoadedVersion::of(&archive_of("2.0.0")).unwrap();
    let published = |id, version: &str, digest: &str, by: &PackageSigner| {
        by.sign(&Statement::Published { package: id, version, digest })
    };
    let id = good.package.id;
    let told = |change: &dyn Fn(&mut PackageRef)| {
        let mut package = good.package.clone();
        change(&mut package);
        package
    };
    let bad = [
        (
            "the signature of another package",
            told(&|package| package.signature = other.package.signature.clone()),
        ),
        ("moved to another package", told(&|package| package.id = other.package.id)),
        (
            "the content of another version of the same package",
            told(&|package| {
                package.digest.clone_from(&older.digest);
                package.signature = published(id, "0.9.0", &older.digest, signer);
            }),
        ),
        (
            "an older version under a newer number",
            told(&|package| {
                package.version_number = "2.0.0".to_owned();
                package.digest.clone_from(&older.digest);
                package.signature = published(id, "2.0.0", &newer.digest, signer);
            }),
        ),
        (
            "signed by somebody else",
            told(&|package| {
                package.signature = published(id, &package.version_number, &package.digest, &stranger);
            }),
        ),
        (
            "signed as an author signs",
            told(&|package| {
                package.signature = signer.sign(&Statement::Authored { digest: &package.digest });
            }),
        ),
    ];
    for (what, package) in bad {
        let assignment = Assignment { package, ..scene.assignment() };
        assert_eq!(scene.gives(&assignment, what).await, Came::Refused, "{what}");
    }
    // Another version lies in the cache under the name of this one, whole, with its own index.
    for looks_whole in [true, false] {
        let folder = scene.unpacked();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("pyproject.toml"), manifest("2.0.0")).unwrap();
        std::fs::write(folder.join("main.py"), "print('another')\n").unwrap();
        if looks_whole {
            std::fs::write(scene.cached_index(), &newer.index).unwrap();
        }
        scene.runs("another version in its place").await;
    }
}

fn manifest(version: &str) -> String {
    format!(
        "[project]\nname = \"job\"\nversion = \"{version}\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n"
    )
}

fn archive_of(version: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pyproject.toml"), manifest(version)).unwrap();
    std::fs::write(folder.path().join("main.py"), "print('another')\n").unwrap();
    pack(folder.path()).unwrap()
}

#[tokio::test]
async fn not_one_bit_may_differ_of_what_comes_over_the_line() {
    let mut scene = Scene::new().await;
    let mut chance = Chance::new(3);
    let (mut refused, mut chunks) = (0, 0);
    for number in 0..FLIPS {
        scene.clear_cache();
        let bit = chance.below(1 << 20);
        let is_chunk = chance.below(2) == 0;
        scene.damages(if is_chunk {
            Damage::Chunk(scene.chunks[chance.below(scene.chunks.len())], bit)
        } else {
            Damage::Index(bit)
        });
        let what = format!("{number}: bit {bit} of {}", if is_chunk { "a chunk" } else { "the index" });
        let assignment = scene.assignment();
        let came = scene.gives(&assignment, &what).await;
        refused += usize::from(came == Came::Refused);
        chunks += usize::from(is_chunk);
        // A frame of zstd has a bit or two that mean nothing: then the content is what it was.
        assert!(is_chunk || came == Came::Refused, "{what}");
    }
    assert!(
        chunks > FLIPS / 3 && refused >= FLIPS - 2,
        "{refused} of {FLIPS} refused, {chunks} of them chunks"
    );
    scene.clear_cache();
    scene.runs("the line is good again").await;
}

#[tokio::test]
async fn not_one_bit_may_differ_of_what_lies_on_the_agents_disk() {
    let mut scene = Scene::new().await;
    let mut chance = Chance::new(4);
    let mut refused = 0;
    for number in 0..FLIPS {
        let bit = chance.below(1 << 24);
        let looks_untouched = chance.below(2) == 0;
        let names: Vec<PathBuf> = scene.published.keys().cloned().collect();
        let file = scene.unpacked().join(&names[chance.below(names.len())]);
        let hash = scene.chunks[chance.below(scene.chunks.len())];
        let target = Target::ALL[chance.below(3)];
        let (path, elsewhere) = match target {
            Target::File => (file, Damage::Index(bit)),
            Target::Index => (scene.cached_index(), Damage::Index(bit)),
            Target::Chunk => {
                // A chunk is read again only when the package is put together again.
                std::fs::remove_file(&file).unwrap();
                (scene.cached_chunk(hash), Damage::Chunk(hash, bit))
            }
        };
        let what = format!("{number}: bit {bit} of {}", path.display());
        flip_file(&path, bit, looks_untouched);
        // One time of four the server has nothing good either.
        if number % 4 == 3 {
            scene.damages(elsewhere);
            let assignment = scene.assignment();
            let came = scene.gives(&assignment, &what).await;
            let wanted = match target {
                Target::File => Some(Came::Refused),
                // The files are what they were, and the agent knows by what it read before.
                Target::Index => Some(Came::Genuine),
                // A frame of zstd has a bit or two that mean nothing.
                Target::Chunk => None,
            };
            assert!(wanted.is_none_or(|wanted| wanted == came), "{what}: {came:?}");
            refused += usize::from(came == Came::Refused);
        }
        // What is on the disk is never believed, and fetched again.
        scene.runs(&what).await;
        assert!(files(&scene.unpacked()) == scene.published, "{what}");
    }
    assert!(refused > FLIPS / 8, "{refused} were refused");
    // An agent that was started anew has seen nothing yet.
    for path in files(&scene.unpacked()).into_keys() {
        flip_file(&scene.unpacked().join(path), chance.below(1 << 20), true);
    }
    flip_file(&scene.cached_index(), chance.below(1 << 20), true);
    scene.stage.kill();
    scene.stage.start(scene.ran.runner());
    (scene.server, _) = scene.stage.connected().await;
    scene.runs("after a new start").await;
    assert!(files(&scene.unpacked()) == scene.published);
}

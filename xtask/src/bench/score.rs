//! The learned probability beside LightGBM: the same file, the same ten splits, the same run.

use super::measure::measure;
use super::{Bench, Row, python};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const FILE: &str = "../shared/data/xeducation_leads/Leads.csv";
const TARGET: &str = "Converted";
/// Ids, and what is only known after the outcome.
const EXCLUDED: &str = "Prospect ID,Tags,Lead Quality,Lead Profile,Asymmetrique Activity Index,\
                        Asymmetrique Profile Index,Asymmetrique Activity Score,\
                        Asymmetrique Profile Score,Last Activity,Last Notable Activity";
const TEST_COLUMN: &str = "Lead Number";
const TEST_EVERY: &str = "5";
const REPEAT: &str = "10";

const AUC_BELOW_MAX: f64 = 0.003;
const CALIBRATION_ERROR_MAX: f64 = 0.03;
const ROWS_A_SECOND_MIN: f64 = 500_000.0;

const PACKAGES: &[&str] = &["lightgbm==4.7.0", "pandas==3.1.1", "scikit-learn==1.9.1"];

/// 300 trees of 31 leaves; at its default pace of 0.1 LightGBM overfits this file (log loss 0.465),
/// so that it runs at 0.03, where it is best. Later splits are told by the hash that `baton score
/// backtest` documents. Prints the means: AUC, log loss, calibration error, seconds of training.
const SCRIPT: &str = "
import sys, time
import lightgbm, numpy, pandas
from sklearn.metrics import log_loss, roc_auc_score
path, target, excluded, column, every, repeat = sys.argv[1:]
every, repeat = int(every), int(repeat)
data = pandas.read_csv(path)
yes = data[target].to_numpy().astype(int)
known = data.drop(columns=[target, column] + excluded.split(','))
for name in known:
    if not pandas.api.types.is_numeric_dtype(known[name]):
        known[name] = known[name].astype('category')
def is_test(split):
    if split == 0:
        return (data[column] % every == 0).to_numpy()
    word = numpy.uint64
    with numpy.errstate(over='ignore'):
        key = (numpy.arange(len(data), dtype=word) << word(32)) | word(split)
        key = key * word(0x9E3779B97F4A7C15)
        key = (key ^ (key >> word(30))) * word(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> word(27))) * word(0x94D049BB133111EB)
        return (key ^ (key >> word(31))) % word(every) == 0
def calibration_error(yes, said):
    parts = numpy.array_split(numpy.argsort(-said, kind='stable'), 10)
    return sum(len(part) * abs(said[part].mean() - yes[part].mean()) for part in parts) / len(yes)
rows = []
for split in range(repeat):
    test = is_test(split)
    model = lightgbm.LGBMClassifier(
        n_estimators=300, num_leaves=31, learning_rate=0.03, n_jobs=2, verbose=-1)
    started = time.perf_counter()
    model.fit(known[~test], yes[~test])
    seconds = time.perf_counter() - started
    said = model.predict_proba(known[test])[:, 1]
    truth = yes[test]
    rows.append([roc_auc_score(truth, said), log_loss(truth, said),
                 calibration_error(truth, said), seconds])
print(*numpy.mean(rows, axis=0))
";

/// Means over the splits.
struct Grades {
    auc: f64,
    log_loss: f64,
    calibration_error: f64,
    train_seconds: f64,
}

pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    if !Path::new(FILE).exists() {
        println!("SKIPPED: {FILE} is not there.");
        return Ok(Vec::new());
    }
    let (ours, rate) = ours(bench)?;
    let peer = peer(&bench.folder)?;
    let beside = |what: &str, ours: f64, unit, peer: f64| Row {
        what: what.to_owned(),
        ours,
        unit,
        beside: format!("LightGBM {peer:.4}"),
        ratio: ours / peer,
        ratio_max: 1.0,
    };
    println!("  AUC {:.4}, LightGBM's {:.4}", ours.auc, peer.auc);
    let below = peer.auc - ours.auc;
    let error = ours.calibration_error;
    let for_many = ROWS_A_SECOND_MIN / rate;
    println!("  calibration error {error:.4}, LightGBM's {:.4}", peer.calibration_error);
    Ok(vec![
        Row::bounded("AUC below LightGBM's".to_owned(), below, "", AUC_BELOW_MAX),
        beside("log loss", ours.log_loss, "", peer.log_loss),
        Row::bounded("calibration error".to_owned(), error, "", CALIBRATION_ERROR_MAX),
        beside("training", ours.train_seconds, "s", peer.train_seconds),
        Row::bounded("500,000 rows scored".to_owned(), for_many, "s", 1.0),
    ])
}

fn ours(bench: &Bench) -> Result<(Grades, f64)> {
    let split = ["--test-column", TEST_COLUMN, "--test-every", TEST_EVERY, "--repeat", REPEAT];
    let asked = ["score", "backtest", FILE, "--target", TARGET, "--exclude", EXCLUDED, "--json"];
    let said = bench.baton(&[&asked[..], &split].concat(), 2)?.output;
    let said: serde_json::Value =
        serde_json::from_slice(&said).context("`score backtest --json`")?;
    let number = |name: &str| -> Result<f64> {
        said.get(name).and_then(serde_json::Value::as_f64).with_context(|| format!("no {name}"))
    };
    let grades = Grades {
        auc: number("auc")?,
        log_loss: number("log_loss")?,
        calibration_error: number("calibration_error")?,
        train_seconds: number("train_seconds")?,
    };
    Ok((grades, number("rows_scored_per_second")?))
}

fn peer(folder: &Path) -> Result<Grades> {
    let packages = "lightgbm, pandas, sklearn";
    let python = python::environment(&folder.join("lightgbm"), packages, PACKAGES)?;
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, FILE, TARGET, EXCLUDED, TEST_COLUMN, TEST_EVERY, REPEAT]);
    let output = measure(&mut command)?.output;
    let output = String::from_utf8_lossy(&output);
    let numbers: Vec<f64> = output.split_whitespace().filter_map(|it| it.parse().ok()).collect();
    let [auc, log_loss, calibration_error, train_seconds] = numbers[..] else {
        bail!("LightGBM's script said `{output}`, not four numbers");
    };
    Ok(Grades { auc, log_loss, calibration_error, train_seconds })
}

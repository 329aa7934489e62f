use simulator::yardstick::company::Company;
fn main() {
    let n: u64 = std::env::args().nth(1).map_or(104, |s| s.parse().unwrap());
    for seed in 0..n {
        let c = Company::draw(seed);
        let t = std::time::Instant::now();
        let d = c.deals();
        let took = t.elapsed();
        let seen = c.seen(&d, c.export_on);
        let won = seen.iter().filter(|d| d.closed.is_some_and(|c| c.is_won)).count();
        let lost = seen.iter().filter(|d| d.closed.is_some_and(|c| !c.is_won)).count();
        let q: Vec<String> = c
            .quarters(&d)
            .iter()
            .map(|q| {
                format!(
                    "{:.0}{}",
                    q.booked as f64 / 1e5,
                    if q.ends_on > c.export_on { "*" } else { "" }
                )
            })
            .collect();
        println!(
            "{seed:4} {:15} {:40} {}..{} {:?} n={} won={won} lost={lost} open={} cyc={:.0} {took:?}\n      {}",
            c.world.name(),
            c.also.iter().map(|w| w.name()).collect::<Vec<_>>().join(","),
            c.start,
            c.export_on,
            c.began,
            seen.len(),
            seen.len() - won - lost,
            c.classes[0].cycle_days_median,
            q.join(" ")
        );
    }
}

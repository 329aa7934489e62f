use simulator::yardstick::company::Company;
fn main() {
    let s: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    println!("{:#?}", Company::draw(s));
}

//! The companies and people that the firm sells to: plainly invented names under `.example`
//! domains. It knows nothing of what they do.

use crate::model::PERSONAS;
use crate::random::Stream;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    NorthAmerica,
    Europe,
    AsiaPacific,
}

impl Region {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NorthAmerica => "North America",
            Self::Europe => "Europe",
            Self::AsiaPacific => "Asia Pacific",
        }
    }

    const fn countries(self) -> &'static [&'static str] {
        match self {
            Self::NorthAmerica => &["United States", "United States", "United States", "Canada"],
            Self::Europe => &["Germany", "France", "United Kingdom", "Netherlands", "Sweden"],
            Self::AsiaPacific => &["Australia", "Japan", "Singapore", "India"],
        }
    }
}

const REGIONS: [(Region, f64); 3] =
    [(Region::NorthAmerica, 0.48), (Region::Europe, 0.34), (Region::AsiaPacific, 0.18)];

pub const FIRST_NAMES: [&str; 32] = [
    "Alder", "Amber", "Aspen", "Azure", "Birch", "Briar", "Cedar", "Cerise", "Clover", "Coral",
    "Cypress", "Ebony", "Elm", "Fern", "Hazel", "Heather", "Indigo", "Ivory", "Jade", "Juniper",
    "Larch", "Laurel", "Linden", "Maple", "Myrtle", "Olive", "Pearl", "Rowan", "Saffron", "Sorrel",
    "Umber", "Willow",
];

pub const LAST_NAMES: [&str; 32] = [
    "Ashgrove",
    "Bluefen",
    "Bronzefield",
    "Cobalt",
    "Copperleaf",
    "Dapplewood",
    "Duskmoor",
    "Elderbrook",
    "Fogvale",
    "Goldreed",
    "Greenholt",
    "Greyfern",
    "Hollowbark",
    "Inkwater",
    "Jasperhill",
    "Kelpshore",
    "Lilacstone",
    "Limewood",
    "Marshlight",
    "Mossbank",
    "Nightheath",
    "Oakenshade",
    "Ochredale",
    "Palebirch",
    "Quartzley",
    "Redthorn",
    "Rushwater",
    "Silverpine",
    "Slatemere",
    "Tealcroft",
    "Violetmead",
    "Whitebeam",
];

const COLOURS: [&str; 24] = [
    "Amber", "Azure", "Bronze", "Cobalt", "Copper", "Coral", "Crimson", "Cyan", "Emerald",
    "Golden", "Indigo", "Ivory", "Jade", "Lilac", "Magenta", "Maroon", "Ochre", "Olive", "Pearl",
    "Russet", "Scarlet", "Silver", "Teal", "Violet",
];

const TREES: [&str; 24] = [
    "Acacia", "Alder", "Aspen", "Banyan", "Baobab", "Beech", "Birch", "Cedar", "Cypress", "Elm",
    "Fir", "Hazel", "Hornbeam", "Juniper", "Larch", "Linden", "Maple", "Oak", "Palm", "Pine",
    "Rowan", "Spruce", "Willow", "Yew",
];

const SUFFIXES: [&str; 6] = ["Works", "Systems", "Group", "Logistics", "Labs", "Partners"];

const INDUSTRIES: [(&str, f64); 7] = [
    ("Software", 0.24),
    ("Manufacturing", 0.19),
    ("Financial Services", 0.15),
    ("Health Care", 0.13),
    ("Retail", 0.12),
    ("Logistics", 0.10),
    ("Education", 0.07),
];

const EMPLOYEES_MEDIAN: f64 = 260.0;
const EMPLOYEES_SIGMA: f64 = 1.2;

pub struct Account {
    pub number: u64,
    pub name: String,
    pub domain: String,
    pub industry: &'static str,
    pub employees: u32,
    pub country: &'static str,
    pub region: Region,
}

impl Account {
    pub fn draw(stream: &mut Stream, number: u64) -> Self {
        let (colour, tree) = (stream.pick(&COLOURS), stream.pick(&TREES));
        let (region, _) = REGIONS[stream.weighted(REGIONS.iter().map(|(_, share)| *share))];
        let industry = stream.weighted(INDUSTRIES.iter().map(|(_, share)| *share));
        let employees = stream.lognormal(EMPLOYEES_MEDIAN, EMPLOYEES_SIGMA);
        Self {
            number,
            name: format!("{colour} {tree} {} {number}", stream.pick(&SUFFIXES)),
            domain: format!("{colour}{tree}{number}.example").to_lowercase(),
            industry: INDUSTRIES[industry].0,
            employees: employees.clamp(12.0, 90_000.0) as u32,
            country: stream.pick(region.countries()),
            region,
        }
    }
}

pub struct Person {
    pub number: u64,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub email: String,
    pub title: &'static str,
    pub persona: usize,
}

impl Person {
    pub fn draw(stream: &mut Stream, number: u64, account: &Account) -> Self {
        let (first_name, last_name) = (stream.pick(&FIRST_NAMES), stream.pick(&LAST_NAMES));
        let persona = stream.weighted(PERSONAS.iter().map(|persona| persona.share));
        let email = format!("{first_name}.{last_name}.{number}@{}", account.domain);
        Self {
            number,
            first_name,
            last_name,
            email: email.to_lowercase(),
            title: stream.pick(&PERSONAS[persona].titles),
            persona,
        }
    }

    /// Numbers of the form that is set aside for fiction.
    pub fn phone(&self) -> String {
        format!("555-{:03}-{:04}", self.number / 10_000 % 1_000, self.number % 10_000)
    }
}

//! The sample data sets. Names are those of the service where programs look
//! for them; what is in them is synthetic or in the public domain.

use std::fmt::Write;

/// The example that the article splits and converts.
pub(super) const CENSUS: &str = "Adult Census Income Binary Classification dataset";
/// The owner of the examples.
pub(super) const MICROSOFT: &str = "Microsoft Corporation";

/// A data set to begin with.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) data_type: &'static str,
    pub(super) description: &'static str,
    pub(super) owner: &'static str,
    pub(super) content: Vec<u8>,
}

fn example(
    name: &'static str,
    data_type: &'static str,
    description: &'static str,
    content: impl Into<Vec<u8>>,
) -> Sample {
    Sample {
        name,
        data_type,
        description,
        owner: MICROSOFT,
        content: content.into(),
    }
}

/// The examples, in the order of the listing; one of every type.
pub(super) fn examples() -> Vec<Sample> {
    const MADE_UP: &str = "Made-up rows in the form of the service's example";
    vec![
        example(CENSUS, "GenericCSV", MADE_UP, census()),
        example(
            "Airport Codes Dataset",
            "GenericCSV",
            "Identifiers and names of airports in the United States",
            airports(),
        ),
        example(
            "Book Reviews from Amazon",
            "PlainText",
            MADE_UP,
            "A calm book about rivers.\nThe second half drags, the ending does not.\n\
             I gave it to my sister.\n",
        ),
        example("Breast cancer data", "ARFF", MADE_UP, tumours()),
        example(
            "Forest fires data",
            "GenericCSVNoHeader",
            MADE_UP,
            "7,5,mar,fri,86.2,8.2,0.0\n7,4,oct,tue,90.6,18.0,0.4\n2,6,aug,sun,91.1,21.3,2.5\n",
        ),
        example(
            "Restaurant ratings",
            "GenericTSV",
            MADE_UP,
            "userID\tplaceID\trating\nU1001\t135085\t2\nU1002\t135038\t1\nU1003\t132825\t0\n",
        ),
        example(
            "Movie Tweets",
            "GenericTSVNoHeader",
            MADE_UP,
            "1\t0111161\t10\t1363245118\n2\t0068646\t7\t1363245160\n",
        ),
        example(
            "Bill Gates RGB Image",
            "Zip",
            "An archive with one small picture",
            include_bytes!("../../data/images.zip"),
        ),
        example(
            "Blood donation data",
            "RData",
            "The numbers 1, 2, 3 as the R object x",
            "RDA2\nA\n2\n197888\n131840\n1026\n1\n262153\n1\nx\n14\n3\n1\n2\n3\n254\n",
        ),
        example(
            "Telescope data",
            "SvmLight",
            MADE_UP,
            "1 1:28.8 2:16.0 5:0.39\n-1 1:31.6 3:2.52\n",
        ),
        example(
            "Sample learner",
            "iLearnerDotNet",
            "Stands for a trained model; opaque",
            b"iLearner\0sample".as_slice(),
        ),
        example(
            "Sample transformation",
            "iTransformDotNet",
            "Stands for a saved transformation; opaque",
            b"iTransform\0sample".as_slice(),
        ),
        example(
            "Weather Dataset",
            "Dataset",
            "Stands for a table in the service's internal form; opaque",
            b"Dataset\0sample".as_slice(),
        ),
    ]
}

/// The data sets of the workspace itself.
pub(super) fn own() -> Vec<Sample> {
    let own = |name, description, content: &[u8]| Sample {
        name,
        data_type: "GenericCSV",
        description,
        owner: "azml emulator",
        content: content.to_vec(),
    };
    vec![
        own(
            "iris",
            "Iris flowers by E. Anderson and R. A. Fisher, 1936; public domain",
            include_bytes!("../../data/iris.csv"),
        ),
        own(
            "anes96",
            "American National Election Study 1996, 944 respondents; public domain",
            include_bytes!("../../data/anes96.csv"),
        ),
    ]
}

/// Identifiers of the Bureau of Transportation Statistics, which are facts of
/// the public domain. First and last line are those that programs compare.
fn airports() -> String {
    [
        "airport_id,city,state,name",
        "10165,Adak Island, AK, Adak",
        "10299,Anchorage, AK, Ted Stevens Anchorage International",
        "10397,Atlanta, GA, Hartsfield-Jackson Atlanta International",
        "10721,Boston, MA, Logan International",
        "11292,Denver, CO, Denver International",
        "11298,Dallas/Fort Worth, TX, Dallas/Fort Worth International",
        "12173,Honolulu, HI, Honolulu International",
        "12892,Los Angeles, CA, Los Angeles International",
        "13930,Chicago, IL, Chicago O'Hare International",
        "14057,Portland, OR, Portland International",
        "14543,Rock Springs, WY, Rock Springs Sweetwater County",
    ]
    .map(|line| format!("{line}\r\n"))
    .concat()
}

/// Small numbers that look random and are always the same.
struct Numbers(u32);

impl Numbers {
    /// The next number below `limit`.
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % limit
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let count = u32::try_from(choices.len()).ok()?;
        let index = usize::try_from(self.below(count)).ok()?;
        choices.get(index).copied()
    }
}

fn census() -> String {
    const WORKCLASSES: &[&str] = &["Private", "Self-emp-not-inc", "Local-gov", "State-gov", "?"];
    const EDUCATIONS: &[(&str, u32)] = &[
        ("HS-grad", 9),
        ("Some-college", 10),
        ("Bachelors", 13),
        ("Masters", 14),
    ];
    const OCCUPATIONS: &[&str] = &["Adm-clerical", "Craft-repair", "Sales", "Exec-managerial"];
    let mut numbers = Numbers(1994);
    let mut text = String::from(
        "age, workclass, fnlwgt, education, education-num, occupation, sex, hours-per-week, \
         income\n",
    );
    for _ in 0..500 {
        let age = 17 + numbers.below(60);
        let workclass = numbers.pick(WORKCLASSES).unwrap_or_default();
        let weight = 20_000 + numbers.below(60_000) * 5;
        let (education, years) = numbers.pick(EDUCATIONS).unwrap_or_default();
        let occupation = numbers.pick(OCCUPATIONS).unwrap_or_default();
        let sex = numbers.pick(&["Female", "Male"]).unwrap_or_default();
        let hours = 20 + numbers.below(41);
        let score = years * 3 + hours / 4 + age.min(50) / 2 + numbers.below(15);
        let income = if score > 72 { ">50K" } else { "<=50K" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{age}, {workclass}, {weight}, {education}, {years}, {occupation}, {sex}, {hours}, \
             {income}"
        );
    }
    text
}

fn tumours() -> String {
    let mut numbers = Numbers(1992);
    let mut text = String::from("@RELATION\tUnnamed\n\n@ATTRIBUTE\tClass\t{0, 1}\n");
    for name in ["age", "thickness", "size", "shape", "adhesion"] {
        let _ = writeln!(text, "@ATTRIBUTE\t{name}\tNUMERIC");
    }
    text.push_str("\n@DATA\n");
    for _ in 0..100 {
        let class = numbers.below(2);
        let mut measure = || 1 + class * 3 + numbers.below(6);
        let measures = [measure(), measure(), measure(), measure()].map(|m| m.to_string());
        let age = 30 + numbers.below(50);
        let _ = writeln!(text, "{class},{age},{}", measures.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// studio 5.6: the bytes that the article and the original tests compare.
    #[test]
    fn airports_begin_and_end_as_documented() {
        let text = airports();
        assert!(text.starts_with("airport_id,city,state,name\r\n10165,Adak Island, AK, Adak\r\n"));
        let last = text.trim_end().lines().last();
        let expected = "14543,Rock Springs, WY, Rock Springs Sweetwater County";
        assert_eq!(last, Some(expected));
    }

    #[test]
    fn the_census_has_both_incomes_and_numeric_ages() {
        let text = census();
        let incomes = |income| text.lines().filter(|line| line.ends_with(income)).count();
        assert!(incomes(" >50K") > 50 && incomes(" <=50K") > 50);
        for line in text.lines().skip(1) {
            let age: u32 = line.split(',').next().unwrap().parse().unwrap();
            assert!((17..77).contains(&age));
        }
    }
}

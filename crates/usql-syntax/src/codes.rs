//! The error codes that the U-SQL service published, with the description and
//! resolution texts that go with them. Codes of our own are marked.

use std::fmt;

/// A code such as `E_CSC_USER_SYNTAXERROR`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        #[expect(missing_docs, reason = "the names are the service's own codes; those of ours are documented")]
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code(stringify!($name));)*
            /// Every code, for tables and completions.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    E_CSC_USER_SYNTAXERROR;
    E_CSC_USER_INVALIDCSHARP;
    E_CSC_USER_INVALIDEXPRESSIONSYNTAX;
    E_CSC_USER_INVALIDCOLUMNTYPE;
    E_CSC_USER_SCHEMADUPLICATENAMES;
    E_CSC_USER_INVALIDTYPEINOUTPUTTER;
    E_CSC_USER_EXPRESSIONNOTCONSTANTFOLDABLE;
    E_CSC_USER_DDLENTITYDOESNOTEXIST;
    E_CSC_USER_ROWSETVARIABLEALREADYDECLARED;
    E_CSC_USER_EMPTYFILEPATH;
    E_CSC_USER_INVALIDFILENAME;
    E_CSC_USER_FILEFORMATNOTSUPPORTED;
    E_CSC_USER_UNSUPPORTEDCHARFORMAT;
    E_CSC_USER_STARFORMATSPECIFIERISDEPRECATED;
    E_CSC_USER_LOWERCASEHOURFORMATSPECIFIERSAREDEPRECATED;
    E_CSC_USER_CREDENTIALDDLISREMOVED;
    E_CSC_USER_NOTFULLYQUALIFIEDCOLUMNTYPENAME;
    E_CSC_USER_UDOREADONLYNOTKEYCOLUMN;
    E_CSC_USER_CONFLICTINGASSEMBLYFILE;
    E_CSC_USER_SAMERESOURCEWITHDIFFERENTPATH;
    E_CSC_USER_RAISEERROR;
    W_CSC_USER_RAISEWARNING;
    W_CSC_USER_EXTERNALNOTINMAINSCRIPT;
    E_RUNTIME_USER_EXTRACT_ROW_ERROR;
    E_RUNTIME_USER_EXTRACT_ROW_DELIMITER_EXPECTED;
    E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_NULL_ERROR;
    E_RUNTIME_USER_ROWORDERING_CORRUPTED;
    E_RUNTIME_USER_MAXCOMPRESSEDFILESIZE;
    E_RUNTIME_USER_EXTRACT_UNEXPECTED_NUMBER_COLUMNS;
    E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_INVALID_ERROR;
    E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER;
    E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER_AFTER_TEXTQUALIFIER;
    E_RUNTIME_USER_EXTRACT_ROW_TOO_LONG;
    E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE;
    /// Our code for an input file that does not exist: no published source
    /// names the service's.
    E_CSC_USER_INPUTFILENOTFOUND;
    /// Our code for a language feature that this engine does not run.
    E_CSC_USER_FEATURENOTSUPPORTED;
    /// Our code for a read or write that failed while the script ran.
    E_RUNTIME_SYSTEM_IO;
    /// Our code for a reserved word that stands where only a name can.
    W_CSC_USER_RESERVEDWORDASNAME;
    /// Our code for text that is accepted and has no effect here.
    W_CSC_USER_IGNORED;
    /// Our code for a rowset that feeds neither an OUTPUT nor an INSERT.
    W_CSC_USER_UNUSEDROWSET;
    /// Our code for a file set that matches no file.
    W_CSC_USER_EMPTYFILESET;
}

impl Code {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// `CSC` for the compiler, `RUNTIME` for the running job.
    pub fn component(self) -> &'static str {
        if self.0.contains("_RUNTIME_") {
            "RUNTIME"
        } else {
            "CSC"
        }
    }

    /// The general sentence the service shows beside the message.
    pub fn description(self) -> &'static str {
        match self {
            Self::E_CSC_USER_SYNTAXERROR => "Invalid syntax found in the script.",
            Self::E_CSC_USER_INVALIDCSHARP => "Invalid C# code found in the script.",
            Self::E_CSC_USER_RAISEERROR => "The script raised an error.",
            _ => "",
        }
    }

    /// What to do about it, in general.
    pub fn resolution(self) -> &'static str {
        match self {
            Self::E_CSC_USER_SYNTAXERROR => {
                "Correct the script syntax, using expected token(s) as a guide."
            }
            Self::E_CSC_USER_INVALIDCSHARP => "Correct the C# code in the script.",
            _ => "",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

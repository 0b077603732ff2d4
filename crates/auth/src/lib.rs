//! Credentials of the azml clients and the policies that sign with them

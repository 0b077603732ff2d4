//! Errors, endpoints, clouds and HTTP transport shared by the azml clients

//! Client for Azure Machine Learning Studio (classic): datasets, experiments, text formats to Arrow

mod data_type;

pub use data_type::DataTypeId;

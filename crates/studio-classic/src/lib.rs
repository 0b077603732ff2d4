//! Client for Azure Machine Learning Studio (classic): datasets, experiments, text formats to Arrow

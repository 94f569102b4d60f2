"""One front door to every link: it picks the Recommendation and says its range of validity."""

from rabta.radio.door.ends import Links
from rabta.radio.door.predict import Prediction, predict
from rabta.radio.door.world import World

__all__ = ["Links", "Prediction", "World", "predict"]

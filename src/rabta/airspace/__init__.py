"""The low airspace: who may fly where and when, by the published standards, over the twin's network."""

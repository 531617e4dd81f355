"""How far an answer rests on its weights, its vetoes and its assumptions."""

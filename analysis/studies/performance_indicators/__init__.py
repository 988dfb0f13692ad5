"""Do performance indicators predict the judgement? (Wilkins & Antonopoulou, 45 variables.)"""

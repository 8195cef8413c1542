import texts from './en/attempts.json';
import { add } from './all';

add({ attempts: texts });

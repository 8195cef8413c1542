import texts from './en/errors.json';
import { add } from './all';

add({ errors: texts });
